namespace Dragonet;

/// <summary>A descriptor of a process.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Jail">The name of its jail.</param>
/// <param name="Process">Its name.</param>
/// <param name="User">The number of its user.</param>
/// <param name="Descriptor">The descriptor.</param>
/// <param name="Mode">r, w or u (both), as lsof(8) has it.</param>
/// <param name="Type">REG, DIR, CHR, BLK, FIFO, sock or a_inode.</param>
/// <param name="Size">Bytes of a regular file; 0 for others.</param>
/// <param name="Target">The path in the jail, or what it is.</param>
public readonly record struct GuestOpenFile(int Pid, string Jail, string Process, uint User, int Descriptor, char Mode, string Type, long Size, string Target);
