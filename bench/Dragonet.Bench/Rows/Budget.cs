namespace Dragonet.Bench.Rows;

/// <summary>A goal for one row.</summary>
/// <param name="Text">As docs/benchmarks.md shows it.</param>
/// <param name="Limits">All must hold.</param>
internal sealed record Budget(string Text, params Limit[] Limits)
{
    /// <summary>Which of Dragonet's two ways is judged.</summary>
    internal string Subject { get; init; } = "dragonet";

    internal static Budget Absolute(double most, string unit) => new($"≤ {most} {unit}", new Limit("", most));

    internal static Budget OfNative(double times) => new($"≤ {times} × native", new Limit("native", times));

    /// <summary>It allows hardly more than the native figure: a few per cent of chance decide.</summary>
    internal bool IsClose => Limits.Any(static limit => limit is { Against: "native", Most: < 1.5 });

    /// <summary>Null when something that it needs was not measured.</summary>
    internal bool? IsMet(Func<string, double?> figure)
    {
        if (figure(Subject) is not { } value)
        {
            return null;
        }

        bool? met = true;
        foreach (var limit in Limits)
        {
            if (limit.Against.Length > 0 && figure(limit.Against) is null)
            {
                met = met == false ? false : null;
                continue;
            }

            // Two digits: more than a repetition of the run would reproduce.
            var ratio = Math.Round(limit.Against.Length > 0 ? value / figure(limit.Against)!.Value : value, 2);
            met = ratio <= limit.Most ? met : false;
        }

        return met;
    }
}
