namespace Dragonet.Platform;

/// <summary>What <see cref="VmThread.Clone"/> makes.</summary>
public readonly record struct CloneRequest
{
    /// <summary>Run in the same address space (CLONE_VM).</summary>
    public bool ShareMemory { get; init; }

    /// <summary>A thread of the same process: dies with it (CLONE_THREAD). Needs <see cref="ShareMemory"/>.</summary>
    public bool SameProcess { get; init; }

    /// <summary>Who makes the process will do nothing but wait for it, as far as can be told: best have them on one processor.</summary>
    public bool IsAwaited { get; init; }

    /// <summary>The kernel's number of a thread of the same process, which it may ask for at once (<see cref="VmThread.SetIdentity"/>).</summary>
    public int Tid { get; init; }

    /// <summary>The signal mask that a thread of the same process begins with, if it may be lent to it (<see cref="ISignalMaskLease"/>).</summary>
    public ulong? LentMask { get; init; }

    /// <summary>New stack pointer, or 0 to keep.</summary>
    public ulong StackPointer { get; init; }

    /// <summary>New thread pointer (fs base), or null to keep.</summary>
    public ulong? ThreadPointer { get; init; }

    /// <summary>Address that the host clears and wakes when the thread is gone (CLONE_CHILD_CLEARTID), or 0.</summary>
    public ulong ClearTid { get; init; }
}
