namespace Dragonet.Platform;

/// <summary>A name in a directory of the host.</summary>
/// <param name="Name">Bytes as chars; never "." or "..".</param>
/// <param name="Number">Inode number.</param>
/// <param name="Type">DT_*.</param>
public readonly record struct HostEntry(string Name, ulong Number, byte Type);
