namespace Dragonet.Vfs;

/// <summary>What a new file is created with: everything that the VFS has decided already (umask, set-gid directories, owner).</summary>
/// <param name="Mode">Type and permission bits.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="Device">Device number of a device node, else 0.</param>
public readonly record struct NewNode(uint Mode, uint Uid, uint Gid, ulong Device = 0);
