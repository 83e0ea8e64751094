namespace Dragonet;

/// <summary>What somebody has of one resource.</summary>
/// <param name="Resource">As rctl(8) calls it.</param>
/// <param name="Held">Now.</param>
/// <param name="MaxHeld">The most at one time; 0 where nobody kept count.</param>
/// <param name="Limit">The most that there may be; null for any amount.</param>
/// <param name="Failures">How often more was wanted.</param>
public readonly record struct ResourceAmount(string Resource, long Held, long MaxHeld, long? Limit, long Failures);
