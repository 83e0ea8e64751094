using Xunit;
using static Dragonet.Net.Tests.Switching.SwitchWorld;

namespace Dragonet.Net.Tests.Switching;

/// <summary>Nobody sends through the switch as somebody else.</summary>
public sealed class SourceGuardTests
{
    private readonly SwitchWorld _world = new();
    private readonly SwitchPort _fixed;
    private readonly SwitchPort _free;
    private readonly SwitchPort _trunk;

    public SourceGuardTests()
    {
        _ = _world.Connect(9, "10.0.0.9,fd00::9");
        _fixed = _world.Connect(1, "10.0.0.1,fd00::1");
        _free = _world.Connect(2);
        _trunk = _world.Connect(3, isTrunk: true);
    }

    [Fact]
    public void What_is_announced_passes()
    {
        Assert.True(_world.Passes(_fixed, Arp(1, 1, "10.0.0.1")));
        Assert.True(_world.Passes(_fixed, V4(1, "10.0.0.1")));
        Assert.True(_world.Passes(_fixed, V6(1, "fd00::1")));
        Assert.True(_world.Passes(_fixed, Advertisement(1, "fd00::1", "fd00::1", 1)));
        Assert.True(_world.Passes(_fixed, Tagged(V4(1, "10.0.0.1"), 1)));
        Assert.Equal(0, _fixed.Spoofed);
    }

    [Fact]
    public void Who_has_no_address_yet_may_ask_for_one()
    {
        Assert.True(_world.Passes(_fixed, Arp(1, 1, "0.0.0.0")));
        Assert.True(_world.Passes(_fixed, V4(1, "0.0.0.0")));
        Assert.True(_world.Passes(_fixed, V6(1, "::")));
        Assert.True(_world.Passes(_fixed, V6(1, "fe80::1")));
        Assert.True(_world.Passes(_fixed, Advertisement(1, "fe80::1", "fe80::1", 1)));
    }

    [Fact]
    public void Another_ones_addresses_pass_nowhere()
    {
        foreach (var port in new[] { _fixed, _free, _trunk })
        {
            var own = (int)(port.HardwareAddress!.Value.Value & 0xff);
            byte[][] lies =
            [
                Frame(Mac(9), EthernetAddress.Broadcast, 0x1234, new byte[46]),
                Arp(own, own, "10.0.0.9"), Arp(own, 9, "10.0.0.77"), V4(own, "10.0.0.9"), V6(own, "fd00::9"),
                Advertisement(own, "fe80::1", "fd00::9", own), Advertisement(own, "fe80::1", "fe80::1", 9),
                Tagged(V4(own, "10.0.0.9"), 1), Tagged(Arp(own, own, "10.0.0.9"), 2), Tagged(V4(own, "10.0.0.9"), 3),
                V6(own, "fe80::1", 44, [58, 0, 0, 1, 0, 0, 0, 1, 136, 0, 0, 0, 0, 0, 0, 0]), // neighbour discovery in fragments (RFC 6980)
                V6(own, "fe80::1", 60, [58, 0, 1, 4, 0, 0, 0, 0, .. Advertisement(own, "fe80::1", "fd00::9", own).AsSpan(54)]), // behind options
                V4(own, "224.0.0.1"),
            ];
            for (var i = 0; i < lies.Length; i++)
            {
                Assert.False(_world.Passes(port, lies[i]), $"{own}: {i}");
            }

            Assert.Equal(lies.Length, port.Spoofed);
        }
    }

    [Fact]
    public void Who_announced_addresses_has_no_others_and_who_did_not_may_choose()
    {
        byte[][] frames(int own) => [Arp(own, own, "10.0.0.50"), V4(own, "10.0.0.50"), V6(own, "fd00::50"), Advertisement(own, "fe80::1", "fd00::50", own)];
        Assert.All(frames(1), frame => Assert.False(_world.Passes(_fixed, frame)));
        Assert.All(frames(2), frame => Assert.True(_world.Passes(_free, frame)));
        Assert.All(frames(3), frame => Assert.True(_world.Passes(_trunk, frame)));
        Assert.False(_world.Passes(_free, Frame(Mac(50), EthernetAddress.Broadcast, 0x1234, new byte[46])));
        Assert.False(_world.Passes(_free, Arp(2, 50, "10.0.0.50")));
        Assert.True(_world.Passes(_trunk, Arp(50, 50, "10.0.0.50")));
        Assert.True(_world.Passes(_trunk, V4(51, "192.0.2.1")));
    }

    [Fact]
    public void An_address_is_free_when_its_port_has_gone()
    {
        Assert.False(_world.Passes(_free, Arp(2, 2, "10.0.0.1")));
        _world.Switch.Disconnect(_fixed);
        Assert.True(_world.Passes(_free, Arp(2, 2, "10.0.0.1")));
    }

    [Fact]
    public void No_frame_leaves_with_a_foreign_source_whatever_is_sent()
    {
        var random = new Random(FuzzTime.Seed);
        byte[][] seeds = [Arp(1, 1, "10.0.0.1"), V4(1, "10.0.0.1"), V6(1, "fd00::1"), Advertisement(1, "fd00::1", "fd00::1", 1), Arp(9, 9, "10.0.0.9"), V4(1, "10.0.0.9"), Advertisement(1, "fe80::1", "fd00::9", 1)];
        var seen = 0;
        foreach (var _ in FuzzTime.Cases("source guard", 20_000))
        {
            _world.Forget();
            var frame = seeds[random.Next(seeds.Length)].ToArray();
            if (random.Next(4) == 0)
            {
                frame = Tagged(frame, random.Next(4));
            }

            for (var i = random.Next(4); i > 0; i--)
            {
                frame[random.Next(frame.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(12));
            }

            frame = frame[..(random.Next(8) == 0 ? random.Next(frame.Length) : frame.Length)];
            if (_world.Passes(_fixed, frame))
            {
                seen++;
                Assert.Equal(Mac(1), EthernetAddress.FromBytes(frame.AsSpan(6)));
                var at = 12;
                while (frame[at] is 0x81 or 0x88 && frame[at + 1] is 0 or 0xa8)
                {
                    at += 4;
                }

                var type = frame[at] << 8 | frame[at + 1];
                var sender = type switch { 0x806 => frame.AsSpan(at + 16, 4), 0x800 => frame.AsSpan(at + 14, 4), _ => default };
                Assert.True(sender.IsEmpty || IPAddress.FromBytes(sender) is { IsUnspecified: true } || IPAddress.FromBytes(sender) == IPAddress.Parse("10.0.0.1"), Convert.ToHexString(frame));
            }
        }

        Assert.True(seen > 100);
    }
}
