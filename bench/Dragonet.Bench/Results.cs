using Dragonet.Bench.Rows;
using Dragonet.Bench.Targets;

namespace Dragonet.Bench;

/// <summary>All figures of one run.</summary>
internal sealed class Results(Machine machine, IReadOnlyList<Target> targets, IReadOnlyList<Row> rows)
{
    private readonly Dictionary<(string Row, string Target, bool Busy), List<double>> _samples = [];

    internal Machine Machine => machine;

    internal IReadOnlyList<Target> Targets => targets;

    internal IReadOnlyList<Row> Rows => rows;

    /// <summary>Why figures are missing, a line each.</summary>
    internal List<string> Failures { get; } = [];

    /// <summary>How much of the processors others used, seen between the measurements of the idle part; 0 to 1.</summary>
    internal List<double> Disturbance { get; } = [];

    internal void Add(Row row, Target target, bool busy, Sample sample)
    {
        if (sample.Value is { } value)
        {
            Samples(row, target.Key, busy).Add(value);
        }
        else
        {
            Failures.Add($"{row.Title}, {target.Title}{(busy ? ", busy" : "")}: {sample.Failure}");
        }
    }

    /// <summary>The median, or null when there is no figure.</summary>
    internal double? Median(Row row, string target, bool busy) => Median(Samples(row, target, busy));

    internal List<double> Samples(Row row, string target, bool busy)
    {
        var key = (row.Name, target, busy);
        if (!_samples.TryGetValue(key, out var samples))
        {
            _samples.Add(key, samples = []);
        }

        return samples;
    }

    /// <summary>How many times the native figure it is.</summary>
    internal double? Ratio(Row row, string target, bool busy)
        => Median(row, target, busy) is { } value && Median(row, "native", busy) is { } native and > 0 ? value / native : null;

    internal static double? Median(List<double> samples)
    {
        if (samples.Count == 0)
        {
            return null;
        }

        var sorted = samples.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
