using System.Text;
using Dragonet.Net.Tests.Links;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Nonsense for each parser: frames, rules, router advertisements, socket filters. DRAGONET_FUZZ_SECONDS: for so long.</summary>
[Collection(MeasuresMemory.Alone)]
public sealed class FuzzTests
{
    private static readonly string[] Words =
    [
        "input", "forward", "output", "prerouting", "postrouting", "iif", "oif", "eth0", "ip", "ip6", "saddr", "daddr", "tcp", "udp", "icmp", "icmpv6",
        "sport", "dport", "80", "1-65535", "ct", "state", "new,established", "accept", "drop", "reject", "masquerade", "snat", "dnat", "redirect", "to",
        "10.0.0.1", "10.0.0.0/8", "fd00::/64", "[fd00::1]:80", "10.0.0.1:80", ":80", "", "[", "]", ":", "/", "-", "%", "0", "99999999999", "\0", "é",
    ];

    /// <summary>IGMP and MLD with good checksums: what a bridge that snoops takes apart. No frame makes its tables grow beyond their bounds.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Messages_about_groups(int seed)
    {
        seed += FuzzTime.Seed;
        var random = new Random(seed);
        var site = new Site(seed);
        var (bridge, pairs) = site.Star(3);
        bridge.MaxGroups = 50;
        ReadOnlySpan<byte> v4 = [0x11, 0x12, 0x16, 0x17, 0x22], v6 = [130, 131, 132, 143];
        foreach (var i in FuzzTime.Cases("groups", 20_000))
        {
            var isV4 = random.Next(2) == 0;
            var message = new byte[random.Next(8, 200)];
            random.NextBytes(message);
            message[0] = isV4 ? v4[random.Next(v4.Length)] : v6[random.Next(v6.Length)];
            var head = isV4 ? 8 : 8 + random.Next(2) * 16;
            if (message.Length > head + 20)
            {
                // Records that are nearly right: few sources, groups that are some.
                (message[6], message[7], message[8], message[9], message[10], message[11]) = (0, (byte)random.Next(5), (byte)random.Next(8), 0, 0, (byte)random.Next(4));
                (message[12], message[13]) = isV4 ? ((byte)239, (byte)0) : ((byte)0xff, (byte)5);
            }

            (message[2], message[3]) = (0, 0);
            var to = IPAddress.Parse(isV4 ? "239.0.0.22" : "ff05::16");
            var from = IPAddress.Parse(isV4 ? "10.0.0.1" : "fe80::1");
            var sum = isV4 ? InternetChecksum.Of(message) : InternetChecksum.Finish(InternetChecksum.Add(message, InternetChecksum.AddPseudoHeader(from, to, IPProtocol.IcmpV6, message.Length)));
            (message[2], message[3]) = ((byte)(sum >> 8), (byte)sum);
            var header = isV4 ? 20 : 40;
            var frame = new byte[EthernetFrame.HeaderSize + header + message.Length];
            EthernetFrame.Write(frame, new EthernetAddress(isV4 ? 0x0100_5e00_0016UL : 0x3333_0000_0016UL), EthernetAddress.Derive("x"), isV4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6);
            var ip = new IPHeader(from, to, isV4 ? IPProtocol.Igmp : IPProtocol.IcmpV6, 1);
            if (isV4)
            {
                IPv4Packet.Write(frame.AsSpan(EthernetFrame.HeaderSize), ip, message.Length, 0, 0);
            }
            else
            {
                IPv6Packet.Write(frame.AsSpan(EthernetFrame.HeaderSize), ip, message.Length, IPProtocol.IcmpV6);
            }

            message.CopyTo(frame, EthernetFrame.HeaderSize + header);
            pairs[random.Next(pairs.Count)].A.Receive(frame[..(random.Next(20) == 0 ? random.Next(EthernetFrame.HeaderSize, frame.Length) : frame.Length)]);
            if (i % 100 == 0)
            {
                site.Pass(random.Next(20) * World.Second);
                bridge.IsSnooping = true;
            }

            Assert.InRange(bridge.ListGroups().Select(static entry => entry.Group).Distinct().Count(), 0, 50);
        }
    }

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
        foreach (var i in FuzzTime.Cases("frames", 20_000))
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
        var understood = 0;
        foreach (var round in FuzzTime.Cases("rules", 50_000))
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

    [Fact]
    public void Advertisements_of_any_routers()
    {
        var random = new Random(1 + FuzzTime.Seed);
        var site = new Site(random.Next());
        var (host, neighbour) = (site.NewStack(), site.NewStack());
        var pair = site.Join(host, neighbour);
        pair.A.IsAutoconfigured = true;
        site.Pass(30 * World.Second);
        foreach (var i in FuzzTime.Cases("router advertisements", 30_000))
        {
            var frame = Advertisement(random);
            pair.A.Receive(random.Next(2) == 0 ? HostileTests.Mutate(frame, random, EthernetFrame.HeaderSize) : frame);
            if (i % 50 == 0)
            {
                site.Pass(random.Next(100_000) * World.Second / 10);
                Assert.InRange(pair.A.Addresses.Count, 0, 8);
                Assert.InRange(host.Routes.All.Count(), 0, 100);
            }
        }

        pair.A.IsAutoconfigured = false;
        Assert.Empty(pair.A.Addresses);
    }

    [Fact]
    public void Socket_filters_of_any_instructions()
    {
        ushort[] codes = [0x00, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80, 0x01, 0x61, 0x81, 0xb1, 2, 3, 4, 0x0c, 0x14, 0x34, 0x3c, 0x64, 0x6c, 0x74, 0x84, 0x94, 0x9c, 0x05, 0x15, 0x1d, 0x25, 0x35, 0x45, 6, 0x16, 7, 0x87];
        var random = new Random(1 + FuzzTime.Seed);
        var packet = new byte[200];
        var taken = 0;
        foreach (var round in FuzzTime.Cases("socket filters", 100_000))
        {
            var program = new BpfInstruction[random.Next(1, 12)];
            for (var at = 0; at < program.Length; at++)
            {
                var code = random.Next(50) == 0 ? (ushort)random.Next(65536) : codes[random.Next(codes.Length)];
                var number = random.Next(4) switch { 0 => (uint)random.Next(16), 1 => (uint)random.Next(256), 2 => 0xffff_f000 + (uint)random.Next(64), _ => (uint)random.NextInt64(uint.MaxValue) };
                program[at] = new BpfInstruction(code, (byte)random.Next(random.Next(2) == 0 ? 4 : 256), (byte)random.Next(4), number);
            }

            program[^1] = random.Next(10) > 0 ? new BpfInstruction(0x16, 0, 0, 0) : program[^1];
            if (PacketFilter.Create(program).Ok(out var filter, out var error))
            {
                taken++;
                random.NextBytes(packet);
                var about = new PacketInfo(1, 1, PacketKind.Host, 0x800, default, packet.Length, 14, 0, false);
                _ = filter.Run(packet.AsSpan(0, random.Next(packet.Length)), random.Next(-1, 60), about);
            }
            else
            {
                Assert.Equal(Abi.Errno.EINVAL, error);
            }
        }

        Assert.True(taken > 0);
    }

    /// <summary>An advertisement with options of any kind, mostly of the right length.</summary>
    private static byte[] Advertisement(Random random)
    {
        var message = new List<byte> { RouterAdvertisement.Type, 0, 0, 0, 64, (byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256) };
        message.AddRange(new byte[8]);
        for (var count = random.Next(12); count > 0; count--)
        {
            var option = new byte[8 * (random.Next(4) == 0 ? random.Next(1, 6) : 4)];
            random.NextBytes(option);
            option[0] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)3;
            option[1] = random.Next(30) == 0 ? (byte)random.Next(256) : (byte)(option.Length / 8);
            if (option.Length == 32 && random.Next(4) > 0)
            {
                (option[2], option[16], option[17]) = (64, 0x20, 1);
                option.AsSpan(24).Clear();
            }

            message.AddRange(option);
        }

        var (from, to) = (IPAddress.Parse("fe80::" + random.Next(1, 200).ToString("x", System.Globalization.CultureInfo.InvariantCulture)), GroupTable.AllNodes);
        var bytes = message.ToArray();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), InternetChecksum.Finish(InternetChecksum.Add(bytes, InternetChecksum.AddPseudoHeader(from, to, IPProtocol.IcmpV6, bytes.Length))));
        var frame = new byte[EthernetFrame.HeaderSize + IPv6Packet.HeaderSize + bytes.Length];
        EthernetFrame.Write(frame, EthernetAddress.OfMulticast(to), EthernetAddress.Derive("router"), EthernetFrame.TypeIPv6);
        IPv6Packet.Write(frame.AsSpan(EthernetFrame.HeaderSize), new IPHeader(from, to, IPProtocol.IcmpV6, 255), bytes.Length, IPProtocol.IcmpV6);
        bytes.CopyTo(frame.AsSpan(EthernetFrame.HeaderSize + IPv6Packet.HeaderSize));
        return frame;
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
