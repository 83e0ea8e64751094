namespace Dragonet.Net.Tests;

/// <summary>What a link does to packets.</summary>
internal sealed record Impairments(double Loss = 0, double Duplication = 0, double Corruption = 0, double Reordering = 0, long Delay = 5 * World.Millisecond, long Jitter = 0);
