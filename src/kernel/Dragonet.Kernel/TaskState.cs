namespace Dragonet.Kernel;

/// <summary>Where a task is, seen from the kernel. Changed only by compare-and-swap.</summary>
internal enum TaskState
{
    /// <summary>Running guest code, or a call that the host performs for it.</summary>
    User,

    /// <summary>A platform thread runs its system call or trap.</summary>
    Kernel,

    /// <summary>Its call is blocked; nothing runs.</summary>
    Parked,

    /// <summary>Its call will be run again; it is in the ready queue.</summary>
    Ready,
}
