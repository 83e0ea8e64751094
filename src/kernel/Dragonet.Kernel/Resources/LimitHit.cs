namespace Dragonet.Kernel;

/// <summary>Somebody wanted more than there may be.</summary>
/// <param name="Jail">Whose limit it was: the jail of the process, or one above.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Limit">How much there may be.</param>
/// <param name="Pid">Who asked; 0 when nobody did.</param>
/// <param name="Call">The number of the system call, or -1.</param>
/// <param name="Action">What was done about it.</param>
public readonly record struct LimitHit(Jail Jail, Resource Resource, long Limit, int Pid, int Call, ResourceAction Action);
