using System.Globalization;

namespace Dragonet.Cli.Options;

/// <summary>Sizes and times as people write them.</summary>
internal static class Quantity
{
    /// <summary>"512M", "1.5G", "4096".</summary>
    internal static long Size(string option, string text)
    {
        var number = text.AsSpan().TrimEnd("iB");
        var factor = number.Length == 0 ? 0L : char.ToUpperInvariant(number[^1]) switch { 'K' => 1L << 10, 'M' => 1L << 20, 'G' => 1L << 30, 'T' => 1L << 40, _ => 0L };
        if (factor != 0)
        {
            number = number[..^1];
        }

        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value <= 0 || value * Math.Max(factor, 1) > long.MaxValue / 2)
        {
            throw new CommandException($"run: {option} '{text}' is no size: write 512M or 2G");
        }

        return (long)(value * Math.Max(factor, 1));
    }

    /// <summary>"10", "10s", "500ms", "5m", "1h".</summary>
    internal static TimeSpan Time(string option, string text)
    {
        var (number, unit) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], 0.001),
            _ when text.EndsWith('s') => (text[..^1], 1.0),
            _ when text.EndsWith('m') => (text[..^1], 60.0),
            _ when text.EndsWith('h') => (text[..^1], 3600.0),
            _ => (text, 1.0),
        };
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || value <= 0 || value * unit > 1e9)
        {
            throw new CommandException($"run: {option} '{text}' is no time: write 10s, 500ms or 5m");
        }

        return TimeSpan.FromSeconds(value * unit);
    }
}
