namespace Dragonet.Kernel;

/// <summary>The resource limits of a process (getrlimit(2)). Each entry is replaced as a whole; guarded by the process tree lock for writes.</summary>
public sealed class Rlimits
{
    /// <summary>RLIM_INFINITY.</summary>
    public const ulong Infinity = ulong.MaxValue;

    public const int Cpu = 0;
    public const int FileSize = 1;
    public const int Data = 2;
    public const int Stack = 3;
    public const int Core = 4;
    public const int Rss = 5;
    public const int Processes = 6;
    public const int Files = 7;
    public const int MemLock = 8;
    public const int AddressSpace = 9;
    public const int Locks = 10;
    public const int SigPending = 11;
    public const int MsgQueue = 12;
    public const int Nice = 13;
    public const int RtPriority = 14;
    public const int RtTime = 15;
    public const int Count = 16;

    private readonly (ulong Soft, ulong Hard)[] _limits = new (ulong, ulong)[Count];

    public Rlimits()
    {
        Array.Fill(_limits, (Infinity, Infinity));
        _limits[Stack] = (8 << 20, Infinity);
        _limits[Core] = (0, Infinity);
        _limits[Files] = (1024, 1 << 20);
        _limits[MemLock] = (8 << 20, 8 << 20);
        _limits[MsgQueue] = (819200, 819200);
        _limits[SigPending] = (16384, 16384);
        _limits[Nice] = (0, 0);
        _limits[RtPriority] = (0, 0);
    }

    private Rlimits(Rlimits other) => other._limits.CopyTo(_limits, 0);

    /// <summary>One limit, soft and hard.</summary>
    public (ulong Soft, ulong Hard) this[int resource]
    {
        get => _limits[resource];
        set => _limits[resource] = value;
    }

    /// <summary>A copy (fork).</summary>
    public Rlimits Copy() => new(this);
}
