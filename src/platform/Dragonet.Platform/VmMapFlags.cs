namespace Dragonet.Platform;

/// <summary>How <see cref="VmThread.Map"/> maps.</summary>
[Flags]
public enum VmMapFlags
{
    /// <summary>Private; the address is a hint.</summary>
    None = 0,

    /// <summary>At exactly this address, replacing what is there.</summary>
    Fixed = 1,

    /// <summary>Writes reach the backing.</summary>
    Shared = 2,

    /// <summary>Grows downward when touched below (stacks).</summary>
    GrowsDown = 4,

    /// <summary>With <see cref="Fixed"/>: fails with EEXIST instead of replacing.</summary>
    NoReplace = 16,

    /// <summary>Untouched pages count against nothing (stacks).</summary>
    NoReserve = 8,
}
