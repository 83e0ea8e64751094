namespace Dragonet.Bench.Rows;

/// <summary>One measured figure, or why there is none.</summary>
internal readonly record struct Sample(double? Value, string Failure)
{
    internal static Sample Of(double value) => new(value, "");

    internal static Sample Failed(string why) => new(null, why);
}
