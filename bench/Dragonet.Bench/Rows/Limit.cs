namespace Dragonet.Bench.Rows;

/// <summary>At most so many times the figure of a system, or, against nobody, at most so much.</summary>
internal readonly record struct Limit(string Against, double Most);
