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
    private const int LargeObjects = 3; // GCMemoryInfo.GenerationInfo: 0 to 2, large, pinned
    private const double MostUncertain = 50; // bytes a round: with more than that a leak would not be seen

    private readonly List<Sample> _samples = new(Looks + 1);
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
        var heap = GC.GetGCMemoryInfo(GCKind.FullBlocking).GenerationInfo;
        var resident = File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))[6..].Replace("kB", "", StringComparison.Ordinal).Trim();
        var large = Live(heap[LargeObjects]);
        var all = Live(heap[0]) + Live(heap[1]) + Live(heap[2]) + large + Live(heap[4]);
        _samples.Add(new(round, all - large, large, long.Parse(resident, CultureInfo.InvariantCulture) * 1024, Directory.GetFileSystemEntries("/proc/self/fd").Length, Directory.GetDirectories("/proc/self/task").Length));
    }

    /// <summary>
    /// Fails when anything grows: managed memory by least squares and beyond its crest, the rest by its crests. Large objects are the buffers that the array pool
    /// keeps and lets go as it likes, some megabytes in long waves.
    /// </summary>
    internal void AssertFlat()
    {
        var (first, last) = (_samples[..(_samples.Count / 2)], _samples[(_samples.Count / 2)..]);
        var (slope, error) = Slope(last);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', _samples)); // not earlier: it is kept in memory
        TestContext.Current.TestOutputHelper?.WriteLine($"managed memory over the second half: {slope:F1} bytes a round, standard error {error:F1}");
        Assert.InRange(error, 0, MostUncertain);
        // A long wave may rise through the whole second half: only to where it was before.
        Assert.True(slope <= 2 * error || last.Max(sample => sample.Managed) <= first.Max(sample => sample.Managed), $"managed memory grows by {slope:F1} bytes a round, give or take {error:F1}");
        Assert.InRange(last.Max(sample => sample.Large), 0, (first.Max(sample => sample.Large) * 1.2) + (1 << 20));
        Assert.InRange(last.Max(sample => sample.Resident), 0, first.Max(sample => sample.Resident) * 1.05);
        Assert.True(last[^1].Descriptors <= last[0].Descriptors + 4, "descriptors grow");
        Assert.True(last[^1].Threads <= last[0].Threads + 2, "threads grow");
    }

    /// <summary>
    /// Bytes a round by least squares, and the standard error of that. What pools keep comes and goes in waves of many looks, so neighbours
    /// are alike and say less than so many independent looks would: the error is larger by the usual factor for that, from how alike they are.
    /// </summary>
    private static (double Slope, double Error) Slope(List<Sample> samples)
    {
        var (x, y) = (samples.Average(sample => sample.Round), samples.Average(sample => sample.Managed));
        var spread = samples.Sum(sample => (sample.Round - x) * (sample.Round - x));
        var slope = samples.Sum(sample => (sample.Round - x) * (sample.Managed - y)) / spread;
        var rest = samples.Select(sample => sample.Managed - y - (slope * (sample.Round - x))).ToList();
        var squares = Math.Max(rest.Sum(each => each * each), 1);
        var alike = Math.Clamp(rest.Zip(rest.Skip(1), (one, next) => one * next).Sum() / squares, 0, 0.95);
        return (slope, Math.Sqrt(squares / (samples.Count - 2) / spread * (1 + alike) / (1 - alike)));
    }

    private static long Live(GCGenerationInfo generation) => generation.SizeAfterBytes - generation.FragmentationAfterBytes;

    private readonly record struct Sample(int Round, long Managed, long Large, long Resident, int Descriptors, int Threads);
}
