namespace Dragonet;

/// <summary>Somebody wanted more of a resource than there may be.</summary>
/// <param name="JailId">Number of the jail whose limit it was.</param>
/// <param name="Jail">Its name.</param>
/// <param name="Resource">As rctl(8) calls it.</param>
/// <param name="Limit">How much there may be.</param>
/// <param name="Pid">The process that asked; 0 when none did.</param>
/// <param name="SystemCall">The number of the system call with which it asked; -1 when it was none.</param>
/// <param name="Action">What was done: "deny", "log", "devctl" or a signal ("sigterm").</param>
public readonly record struct LimitEvent(int JailId, string Jail, string Resource, long Limit, int Pid, int SystemCall, string Action);
