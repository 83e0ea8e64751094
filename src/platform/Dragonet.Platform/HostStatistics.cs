namespace Dragonet.Platform;

/// <summary>Space of a host file system (statfs(2)).</summary>
public readonly record struct HostStatistics(long BlockSize, ulong Blocks, ulong FreeBlocks, ulong AvailableBlocks, ulong Files, ulong FreeFiles, long NameLength);
