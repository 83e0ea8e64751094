namespace Dragonet.Kernel;

/// <summary>Somebody wanted more than a jail may have.</summary>
/// <param name="Jail">Whose limit it was: the jail of the process, or one above.</param>
/// <param name="Resource">Of what.</param>
/// <param name="Limit">How much there may be.</param>
/// <param name="Pid">Who asked.</param>
public readonly record struct LimitHit(Jail Jail, string Resource, long Limit, int Pid);
