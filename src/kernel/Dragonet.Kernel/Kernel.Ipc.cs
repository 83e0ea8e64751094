using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Objects through which processes talk and wait, one set for each kernel.</summary>
public sealed partial class Kernel
{
    private readonly System.Runtime.CompilerServices.ConditionalWeakTable<object, object> _objectNumbers = [];
    private long _anonymousInodes;
    private long _lastObjectNumber;

    /// <summary>Guards which epoll instances watch which.</summary>
    internal KernelLock EpollLock { get; } = new(LockRank.Epoll);

    /// <summary>Who waits for which futex.</summary>
    public FutexTable Futexes { get; } = new();

    /// <summary>Address families.</summary>
    public SocketFamilies Sockets { get; } = new();

    /// <summary>Pseudo terminals.</summary>
    public PtyTable Ptys { get; } = new();

    /// <summary>A number that tells objects apart as long as they live (kcmp(2)).</summary>
    public long ObjectNumber(object item) => (long)_objectNumbers.GetValue(item, _ => Interlocked.Increment(ref _lastObjectNumber));

    /// <summary>A number for an inode without a file system: a pipe, a socket ("pipe:[7]").</summary>
    public ulong NextAnonymousInode() => (ulong)Interlocked.Increment(ref _anonymousInodes);
}
