namespace Dragonet.Bench.Rows;

/// <summary>What a figure is in. Less is better in all of them.</summary>
internal enum Unit
{
    Microseconds,
    Milliseconds,
    Megabytes,
    PerSecond,
}
