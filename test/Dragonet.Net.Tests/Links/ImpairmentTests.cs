using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>Bad links do what was said, the same with the same seed.</summary>
public sealed class ImpairmentTests
{
    [Fact]
    public void A_seed_repeats_itself()
    {
        var settings = new LinkImpairment { Seed = 7, Loss = 0.2, Corruption = 0.1, Duplication = 0.1, Delay = 20 * World.Millisecond, Jitter = 5 * World.Millisecond };
        var first = Record(settings, 1000);
        Assert.Equal(first, Record(settings, 1000));
        Assert.NotEqual(first, Record(settings with { Seed = 8 }, 1000));
        Assert.InRange(first.Count, 800, 960); // 1000 × 0.8 × 1.1
        Assert.All(first, each => Assert.InRange(each.Time, 20, 25));
    }

    [Fact]
    public void A_rate_spaces_frames_and_bounds_the_queue()
    {
        var seen = Record(new LinkImpairment { Rate = 1_000_000, Queue = 50 }, 100);
        Assert.InRange(seen.Count, 50, 51);
        Assert.InRange(seen[^1].Time, 50 * 8 * 142 / 1000, 52 * 8 * 143 / 1000);
    }

    [Fact]
    public void A_partition_passes_nothing_until_it_is_over()
    {
        var site = new Site();
        var (a, b) = (site.NewStack(), site.NewStack());
        var pair = site.Join(a, b, "10.0.0.1/24", "10.0.0.2/24");
        pair.A.Impairment = new LinkImpairment { IsPartitioned = true };
        Assert.False(site.Reaches(a, b, "10.0.0.2"));
        pair.A.Impairment = null;
        Assert.True(site.Reaches(a, b, "10.0.0.2"));
    }

    [Fact]
    public void Damaged_frames_are_found_by_their_checksums()
    {
        var site = new Site();
        var (a, b) = (site.NewStack(), site.NewStack());
        var pair = site.Join(a, b, "10.0.0.1/24", "10.0.0.2/24");
        Assert.True(site.Reaches(a, b, "10.0.0.2"));
        pair.A.Impairment = new LinkImpairment { Corruption = 1 };
        var arrived = Enumerable.Range(0, 50).Count(_ => site.Reaches(a, b, "10.0.0.2"));
        Assert.InRange(arrived, 0, 10); // a bit of the Ethernet header, which no sum protects, or one that nobody looks at
    }

    /// <summary>What arrives of so many datagrams that are sent at once: number and milliseconds.</summary>
    private static List<(int Number, long Time)> Record(LinkImpairment settings, int count)
    {
        var site = new Site();
        var (a, b) = (site.NewStack(), site.NewStack());
        var pair = site.Join(a, b, "10.0.0.1/24", "10.0.0.2/24");
        Assert.True(site.Reaches(a, b, "10.0.0.2"));
        pair.A.Impairment = settings;
        var seen = new List<(int, long)>();
        var start = site.Now;
        pair.B.AddTap(new Tap((frame, now) => seen.Add((frame[^1] << 8 | frame[^2], (now - start) / World.Millisecond))));
        var client = a.CreateUdp(isV6: false);
        for (var i = 0; i < count; i++)
        {
            var data = new byte[100];
            (data[^1], data[^2]) = ((byte)(i >> 8), (byte)i);
            _ = client.Send(data, World.EndpointB(999));
        }

        site.Pass(3 * World.Second);
        return seen;
    }

    private sealed class Tap(Action<byte[], long> seen) : IFrameTap
    {
        public void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now)
        {
            if (!isOutgoing && bytes.Length == 142)
            {
                seen(bytes.ToArray(), now);
            }
        }
    }
}
