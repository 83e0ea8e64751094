using System.Text;
using Dragonet.Net.Tests.Links;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Nonsense for each parser that packets do not reach: frames, rules, addresses. DRAGONET_FUZZ_SECONDS: for so long.</summary>
public sealed class FuzzTests
{
    private static readonly string[] Words =
    [
        "input", "forward", "output", "prerouting", "postrouting", "iif", "oif", "eth0", "ip", "ip6", "saddr", "daddr", "tcp", "udp", "icmp", "icmpv6",
        "sport", "dport", "80", "1-65535", "ct", "state", "new,established", "accept", "drop", "reject", "masquerade", "snat", "dnat", "redirect", "to",
        "10.0.0.1", "10.0.0.0/8", "fd00::/64", "[fd00::1]:80", "10.0.0.1:80", ":80", "", "[", "]", ":", "/", "-", "%", "0", "99999999999", "\0", "é",
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Mutated_frames(int seed)
    {
        // Two stacks on a bridge with a tree, one of them a router that translates; what they say to each other comes back changed.
        seed += FuzzTime.Seed;
        var site = new Site(seed);
        var (bridge, pairs) = site.Star(3);
        bridge.HasSpanningTree = true;
        site.Pass(60 * World.Second);
        var router = pairs[2].B.Stack;
        router.Options.Forwards = true;
        _ = router.UseFirewall().Add(FilterParser.Parse(["postrouting", "masquerade"], out _)!);
        _ = router.Firewall!.Add(FilterParser.Parse("prerouting tcp dport 81 dnat to 10.0.0.2:80".Split(' '), out _)!);
        var recorder = new Recorder();
        foreach (var pair in pairs)
        {
            pair.B.Stack.AddTap(recorder);
        }

        _ = Pair.Listen(pairs[1].B.Stack, 80);
        foreach (var to in new[] { "10.0.0.2", "fd00::2", "10.0.0.3", "fd00::3", "10.0.0.77" })
        {
            var address = IPAddress.Parse(to);
            _ = pairs[0].B.Stack.CreateTcp(!address.IsV4).Connect(new Endpoint(address, 80));
            _ = pairs[0].B.Stack.CreateTcp(!address.IsV4).Connect(new Endpoint(address, 81));
            _ = pairs[0].B.Stack.CreateUdp(!address.IsV4).Send(new byte[3000], new Endpoint(address, 9));
        }

        site.Pass(60 * World.Second);
        Assert.True(recorder.Frames.Count > 20);
        var frames = recorder.Frames.ToArray();
        recorder.IsOn = false;
        var random = new Random(seed);
        var end = FuzzTime.End();
        for (var i = 0; i < 20_000 || FuzzTime.IsBefore(end); i++)
        {
            var frame = HostileTests.Mutate(frames[random.Next(frames.Length)], random, EthernetFrame.HeaderSize);
            var pair = pairs[random.Next(pairs.Count)];
            (random.Next(2) == 0 ? pair.A : pair.B).Receive(frame);
            if (i % 100 == 0)
            {
                site.Pass(random.Next(200) * World.Millisecond);
            }
        }

        site.Pass(World.Second);
        foreach (var pair in pairs)
        {
            Assert.InRange(pair.B.Stack.Census.Packets, 0, 5000);
            Assert.InRange(pair.B.Stack.Census.BufferedBytes, 0, 4 << 20);
        }
    }

    [Fact]
    public void Rules_of_any_words()
    {
        var random = new Random(1 + FuzzTime.Seed);
        var end = FuzzTime.End();
        var understood = 0;
        for (var i = 0; i < 50_000 || FuzzTime.IsBefore(end); i++)
        {
            var words = new string[random.Next(12)];
            for (var at = 0; at < words.Length; at++)
            {
                words[at] = random.Next(20) > 0 ? Words[random.Next(Words.Length)] : Nonsense(random);
            }

            if (FilterParser.Parse(words, out var why) is { } rule)
            {
                understood++;
                Assert.Equal(rule, FilterParser.Parse(rule.ToString().Split(' '), out _));
            }
            else
            {
                Assert.NotEqual("", why);
            }
        }

        Assert.True(understood > 0);
    }

    private static string Nonsense(Random random)
    {
        var text = new StringBuilder();
        for (var count = random.Next(8); count > 0; count--)
        {
            _ = text.Append((char)random.Next(33, 0x2ff));
        }

        return text.ToString();
    }

    private sealed class Recorder : IFrameTap
    {
        public List<byte[]> Frames { get; } = [];

        public bool IsOn { get; set; } = true;

        public void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now)
        {
            if (IsOn && Frames.Count < 5000)
            {
                Frames.Add(bytes.ToArray());
            }
        }
    }
}
