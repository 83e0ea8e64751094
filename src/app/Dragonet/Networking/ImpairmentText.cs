using System.Globalization;
using Dragonet.Net;

namespace Dragonet.Networking;

/// <summary>Bad links as people write them: "delay=20ms jitter=5ms loss=1% rate=10mbit seed=7".</summary>
internal static class ImpairmentText
{
    private static readonly (string Unit, double Factor)[] s_times = [("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
    private static readonly (string Unit, double Factor)[] s_rates = [("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9), ("bit", 1)];

    /// <summary>Reads it. Null when a word is wrong, which is then told.</summary>
    internal static LinkImpairment? Parse(IEnumerable<string> words, out string why)
    {
        var result = new LinkImpairment();
        why = "";
        foreach (var word in words)
        {
            var parts = word.Split('=', 2);
            var value = parts.Length == 2 ? parts[1] : "";
            LinkImpairment? next = parts[0] switch
            {
                "partition" when parts.Length == 1 => result with { IsPartitioned = true },
                "delay" when Number(value, s_times, 3.6e12) is { } time => result with { Delay = (long)time },
                "jitter" when Number(value, s_times, 3.6e12) is { } time => result with { Jitter = (long)time },
                "loss" when Part(value) is { } part => result with { Loss = part },
                "duplicate" when Part(value) is { } part => result with { Duplication = part },
                "reorder" when Part(value) is { } part => result with { Reordering = part },
                "corrupt" when Part(value) is { } part => result with { Corruption = part },
                "rate" when Number(value, s_rates, 1e15) is > 0 and { } rate => result with { Rate = (long)rate },
                "queue" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var queue) && queue is > 0 and <= 1_000_000 => result with { Queue = queue },
                "seed" when ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) => result with { Seed = seed },
                _ => null,
            };
            if (next is null)
            {
                why = $"'{word}': write delay=20ms, jitter=5ms, loss=1%, duplicate=1%, reorder=1%, corrupt=0.1%, rate=10mbit, queue=100, seed=7, partition or off";
                return null;
            }

            result = next;
        }

        return result;
    }

    /// <summary>Writes it.</summary>
    internal static string Format(LinkImpairment impairment)
    {
        var words = new List<string>();
        Add("delay", impairment.Delay / 1e6, "ms");
        Add("jitter", impairment.Jitter / 1e6, "ms");
        Add("loss", impairment.Loss * 100, "%");
        Add("duplicate", impairment.Duplication * 100, "%");
        Add("reorder", impairment.Reordering * 100, "%");
        Add("corrupt", impairment.Corruption * 100, "%");
        Add("rate", impairment.Rate, "bit");
        if (impairment.IsPartitioned)
        {
            words.Add("partition");
        }

        return string.Join(' ', words);

        void Add(string name, double value, string unit)
        {
            if (value > 0)
            {
                words.Add(string.Create(CultureInfo.InvariantCulture, $"{name}={value:0.######}{unit}"));
            }
        }
    }

    private static double? Part(string text)
        => text.EndsWith('%') && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var part) && part <= 100 ? part / 100 : null;

    private static double? Number(string text, (string Unit, double Factor)[] units, double most)
    {
        foreach (var (unit, factor) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal) && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return number * factor <= most ? number * factor : null;
            }
        }

        return null;
    }
}
