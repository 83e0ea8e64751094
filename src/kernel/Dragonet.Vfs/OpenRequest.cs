using Dragonet.Abi;

namespace Dragonet.Vfs;

/// <summary>How a file is to be opened.</summary>
/// <param name="Flags">open(2) flags.</param>
/// <param name="Mode">Permission bits for a new file, before the umask.</param>
/// <param name="Walk">Restrictions of the path walk (openat2(2)).</param>
/// <param name="Execute">To execute it (execve(2)): other rights are asked for.</param>
public readonly record struct OpenRequest(OpenFlags Flags, uint Mode = 0, WalkFlags Walk = WalkFlags.None, bool Execute = false);
