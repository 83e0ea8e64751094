namespace Dragonet.Abi;

/// <summary>fallocate(2) modes (linux/falloc.h).</summary>
[Flags]
public enum FallocFlags
{
    None = 0,
    FALLOC_FL_KEEP_SIZE = 1,
    FALLOC_FL_PUNCH_HOLE = 2,
    FALLOC_FL_COLLAPSE_RANGE = 8,
    FALLOC_FL_ZERO_RANGE = 16,
    FALLOC_FL_INSERT_RANGE = 32,
    FALLOC_FL_UNSHARE_RANGE = 64,
}
