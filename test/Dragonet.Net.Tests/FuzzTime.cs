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

    /// <summary>The cases of a test, numbered: so many, or for as long as was asked. What is reachable afterwards is not much more than after the
    /// first of them.</summary>
    public static IEnumerable<int> Cases(string what, int count)
    {
        const int most = 32 << 20;
        var end = End();
        long before = 0;
        var done = 0;
        for (; done < count || IsBefore(end); done++)
        {
            if (done == count / 10)
            {
                before = GC.GetTotalMemory(forceFullCollection: true);
            }

            yield return done;
        }

        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Xunit.TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {done} cases, {grown} bytes more than after the first {count / 10}");
        Xunit.Assert.InRange(grown, long.MinValue, most);
    }
}
