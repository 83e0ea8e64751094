namespace Dragonet.Platform;

/// <summary>A stop that is no system call. The full register file is available.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Signal">For a fault: SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP.</param>
/// <param name="Code">For a fault: si_code.</param>
/// <param name="Address">For a fault: si_addr.</param>
public readonly record struct Trap(TrapKind Kind, int Signal = 0, int Code = 0, ulong Address = 0);
