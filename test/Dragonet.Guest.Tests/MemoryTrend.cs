using System.Globalization;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>
/// What this process has, looked at from time to time while the same thing is done again and again; and whether it grows. Only the second
/// half of the looks counts: by then everything is compiled, and caches are full.
/// </summary>
internal sealed class MemoryTrend
{
    private const int Looks = 100;
    private const double MostUncertain = 50; // bytes a round: with more than that a leak would not be seen

    private readonly List<(int Round, long Managed, long Resident, int Descriptors, int Threads)> _samples = new(Looks + 1);
    private readonly int _every;

    /// <summary>Looks a hundred times in so many rounds.</summary>
    internal MemoryTrend(int rounds) => _every = Math.Max(1, rounds / Looks);

    /// <summary>A round is over.</summary>
    internal void Next(int round)
    {
        if (round % _every != 0)
        {
            return;
        }

        // Compacted and given back: holes in the heap are no leak.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var managed = GC.GetTotalMemory(forceFullCollection: false);
        var resident = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))[6..].Replace("kB", "", StringComparison.Ordinal).Trim();
        _samples.Add((round, managed, long.Parse(resident, CultureInfo.InvariantCulture) * 1024, Directory.GetFileSystemEntries("/proc/self/fd").Length, Directory.GetDirectories("/proc/self/task").Length));
    }

    /// <summary>Fails when anything grows: managed memory by least squares, the rest by its crests.</summary>
    internal void AssertFlat()
    {
        var (first, last) = (_samples[..(_samples.Count / 2)], _samples[(_samples.Count / 2)..]);
        var (slope, error) = Slope(last);
        TestContext.Current.TestOutputHelper?.WriteLine("round, managed, resident, descriptors, threads\n" + string.Join('\n', _samples)); // not earlier: it is kept in memory
        TestContext.Current.TestOutputHelper?.WriteLine($"managed memory over the second half: {slope:F1} bytes a round, standard error {error:F1}");
        Assert.InRange(error, 0, MostUncertain);
        Assert.True(slope <= 2 * error, $"managed memory grows by {slope:F1} bytes a round, give or take {error:F1}");
        Assert.InRange(last.Max(sample => sample.Resident), 0, first.Max(sample => sample.Resident) * 1.05);
        Assert.True(last[^1].Descriptors <= last[0].Descriptors + 4, "descriptors grow");
        Assert.True(last[^1].Threads <= last[0].Threads + 2, "threads grow");
    }

    /// <summary>Bytes a round by least squares, and the standard error of that.</summary>
    private static (double Slope, double Error) Slope(List<(int Round, long Managed, long Resident, int Descriptors, int Threads)> samples)
    {
        var (x, y) = (samples.Average(sample => sample.Round), samples.Average(sample => sample.Managed));
        var spread = samples.Sum(sample => (sample.Round - x) * (sample.Round - x));
        var slope = samples.Sum(sample => (sample.Round - x) * (sample.Managed - y)) / spread;
        var rest = samples.Sum(sample => Math.Pow(sample.Managed - y - (slope * (sample.Round - x)), 2));
        return (slope, Math.Sqrt(rest / (samples.Count - 2) / spread));
    }
}
