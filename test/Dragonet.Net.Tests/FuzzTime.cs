using System.Diagnostics;
using System.Globalization;

namespace Dragonet.Net.Tests;

/// <summary>How long a fuzz test goes on: DRAGONET_FUZZ_SECONDS of real time when it is set, else only as often as the test says.</summary>
internal static class FuzzTime
{
    public static long End() =>
        int.TryParse(Environment.GetEnvironmentVariable("DRAGONET_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out var seconds)
            ? Stopwatch.GetTimestamp() + seconds * Stopwatch.Frequency
            : 0;

    /// <summary>DRAGONET_FUZZ_SEED: other nonsense.</summary>
    public static int Seed { get; } = int.TryParse(Environment.GetEnvironmentVariable("DRAGONET_FUZZ_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 0;

    public static bool IsBefore(long end) => Stopwatch.GetTimestamp() < end;
}
