using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>V9: bridges learn, keep apart what is to be apart, and break loops.</summary>
[Collection(MeasuresMemory.Alone)]
public sealed class BridgeTests
{
    private readonly Site _site = new();

    [Theory]
    [InlineData("10.0.0.2")]
    [InlineData("fd00::2")]
    public void A_frame_for_somebody_known_goes_to_him_alone(string address)
    {
        var (bridge, pairs) = _site.Star(3);
        Assert.True(_site.Reaches(pairs[0].B.Stack, pairs[1].B.Stack, address));
        Assert.True(_site.Reaches(pairs[1].B.Stack, pairs[0].B.Stack, address.Replace('2', '1')));
        var before = pairs[2].B.Counters.ReceivedPackets;
        for (var i = 0; i < 3; i++)
        {
            Assert.True(_site.Reaches(pairs[0].B.Stack, pairs[1].B.Stack, address));
        }

        Assert.Equal(before, pairs[2].B.Counters.ReceivedPackets);
        Assert.Equal([pairs[0].B.Address, pairs[1].B.Address], bridge.ListAddresses().Select(entry => entry.Address).Order(Comparer<EthernetAddress>.Create((a, b) => a == pairs[0].B.Address ? -1 : 1)));
    }

    [Fact]
    public void Addresses_age_and_their_number_is_bounded()
    {
        var (bridge, pairs) = _site.Star(2);
        bridge.MaxAddresses = 100;
        Assert.True(_site.Reaches(pairs[0].B.Stack, pairs[1].B.Stack, "10.0.0.2"));
        var frame = new byte[60];
        for (var i = 1; i <= 10_000; i++)
        {
            EthernetFrame.Write(frame, EthernetAddress.Broadcast, new EthernetAddress(0x0200_0000_0000 + (ulong)i), 0x1234);
            pairs[0].A.Receive(frame);
        }

        Assert.Equal(100, bridge.ListAddresses().Count);
        Assert.True(_site.Reaches(pairs[1].B.Stack, pairs[0].B.Stack, "10.0.0.1"));
        _site.Pass(301 * World.Second);
        Assert.DoesNotContain(bridge.ListAddresses(), entry => !entry.IsStatic && entry.Address.Value >> 16 == 0x0200_0000);
    }

    [Fact]
    public void Who_moves_is_found_at_his_new_port_and_who_is_fixed_stays()
    {
        var (bridge, pairs) = _site.Star(3);
        Assert.True(_site.Reaches(pairs[0].B.Stack, pairs[1].B.Stack, "10.0.0.2"));
        var frame = new byte[60];
        EthernetFrame.Write(frame, EthernetAddress.Broadcast, pairs[0].B.Address, 0x1234);
        pairs[2].A.Receive(frame);
        Assert.Equal(pairs[2].A, bridge.ListAddresses().Single(entry => entry.Address == pairs[0].B.Address).Link);
        bridge.SetAddress(pairs[0].B.Address, pairs[0].A.Port!);
        pairs[2].A.Receive(frame);
        Assert.Equal(pairs[0].A, bridge.ListAddresses().Single(entry => entry.Address == pairs[0].B.Address).Link);
        pairs[1].A.Port!.IsSticky = true;
        EthernetFrame.Write(frame, EthernetAddress.Broadcast, pairs[1].B.Address, 0x1234);
        pairs[1].A.Receive(frame);
        pairs[2].A.Receive(frame);
        Assert.Equal(pairs[1].A, bridge.ListAddresses().Single(entry => entry.Address == pairs[1].B.Address).Link);
    }

    [Fact]
    public void Private_ports_do_not_reach_each_other()
    {
        var (_, pairs) = _site.Star(3);
        pairs[0].A.Port!.IsPrivate = pairs[1].A.Port!.IsPrivate = true;
        Assert.False(_site.Reaches(pairs[0].B.Stack, pairs[1].B.Stack, "10.0.0.2"));
        Assert.False(_site.Reaches(pairs[1].B.Stack, pairs[0].B.Stack, "fd00::1"));
        Assert.True(_site.Reaches(pairs[0].B.Stack, pairs[2].B.Stack, "10.0.0.3"));
        Assert.True(_site.Reaches(pairs[2].B.Stack, pairs[1].B.Stack, "10.0.0.2"));
    }

    [Fact]
    public void Virtual_networks_are_apart_and_a_trunk_carries_both()
    {
        // Two bridges with a trunk: 1 and 3 are in network 10, 2 and 4 in 20, at different bridges.
        var (left, near) = _site.Star(2);
        var (right, far) = _site.Star(2);
        var trunk = _site.Join(left.Interface.Stack, right.Interface.Stack);
        _ = left.Add(trunk.A);
        _ = right.Add(trunk.B);
        Renumber(far[0].B, "10.0.0.3/24");
        Renumber(far[1].B, "10.0.0.4/24");
        Assert.True(_site.Reaches(near[0].B.Stack, far[1].B.Stack, "10.0.0.4"));
        left.IsFilteringVlans = right.IsFilteringVlans = true;
        foreach (var (pair, vlan) in new[] { (near[0], 10), (near[1], 20), (far[0], 10), (far[1], 20) })
        {
            pair.A.Port!.DenyVlan(1);
            pair.A.Port.PortVlan = (ushort)vlan;
            pair.A.Port.AllowVlan((ushort)vlan, untagged: true);
        }

        foreach (var end in new[] { trunk.A, trunk.B })
        {
            end.Port!.AllowVlan(10, untagged: false);
            end.Port.AllowVlan(20, untagged: false);
        }

        Assert.True(_site.Reaches(near[0].B.Stack, far[0].B.Stack, "10.0.0.3"));
        Assert.True(_site.Reaches(near[1].B.Stack, far[1].B.Stack, "10.0.0.4"));
        Assert.False(_site.Reaches(near[0].B.Stack, far[1].B.Stack, "10.0.0.4"));
        Assert.False(_site.Reaches(near[0].B.Stack, near[1].B.Stack, "10.0.0.2"));
    }

    [Fact]
    public void A_ring_of_bridges_with_spanning_tree_passes_no_storm_and_heals()
    {
        var bridges = Enumerable.Range(0, 4).Select(i =>
        {
            var bridge = new Bridge(_site.NewStack(), "br0", EthernetAddress.Derive("ring" + i)) { HasSpanningTree = true };
            Site.Open(bridge.Interface, $"10.0.0.{i + 1}/24");
            return bridge;
        }).ToList();
        var ring = bridges.Select((bridge, i) =>
        {
            var pair = _site.Join(bridge.Interface.Stack, bridges[(i + 1) % 4].Interface.Stack);
            Assert.True(bridge.Add(pair.A).IsOk && bridges[(i + 1) % 4].Add(pair.B).IsOk);
            return pair;
        }).ToList();
        _site.Pass(60 * World.Second);
        _ = Assert.Single(bridges, bridge => bridge.IsRoot);
        _ = Assert.Single(ring.SelectMany(pair => new[] { pair.A.Port!, pair.B.Port! }), port => port.State == PortState.Blocking);
        var before = ring.Sum(pair => pair.A.Counters.SentPackets + pair.B.Counters.SentPackets);
        Assert.True(_site.Reaches(bridges[0].Interface.Stack, bridges[2].Interface.Stack, "10.0.0.3"));
        Assert.InRange(ring.Sum(pair => pair.A.Counters.SentPackets + pair.B.Counters.SentPackets) - before, 4, 40);

        // A wire that carries is cut: the blocked port opens.
        var cut = ring.First(pair => pair.A.Port!.State == PortState.Forwarding && pair.B.Port!.State == PortState.Forwarding);
        cut.A.IsUp = cut.B.IsUp = false;
        _site.Pass(100 * World.Second);
        foreach (var to in new[] { 1, 2, 3 })
        {
            Assert.True(_site.Reaches(bridges[0].Interface.Stack, bridges[to].Interface.Stack, $"10.0.0.{to + 1}"));
        }
    }

    [Fact]
    public void A_loop_without_spanning_tree_keeps_nobody_waiting()
    {
        var (bridge, pairs) = _site.Star(2);
        var loop = _site.Join(bridge.Interface.Stack, bridge.Interface.Stack);
        Assert.True(bridge.Add(loop.A).IsOk && bridge.Add(loop.B).IsOk);
        var frame = new byte[60];
        EthernetFrame.Write(frame, EthernetAddress.Broadcast, EthernetAddress.Derive("somebody"), 0x1234);
        pairs[0].A.Receive(frame);
        _site.Run(); // it returns
        Assert.True(loop.A.Counters.SentPackets > 1000); // and there is a storm
        _site.Pass(20 * World.Millisecond);
        Assert.Equal(Errno.OK, bridge.Interface.Stack.Detach(loop.A));
        _site.Pass(World.Second);
        Assert.True(_site.Reaches(pairs[0].B.Stack, pairs[1].B.Stack, "10.0.0.2"));
        Assert.Equal(0, bridge.Interface.Stack.Census.Packets);
    }

    /// <summary>One stack is flooded with calls, fragments, questions about addresses and answers that nobody asked for: what it keeps is bounded,
    /// and its neighbours talk on.</summary>
    [Fact]
    public void Floods_are_bounded_and_the_neighbours_talk_on()
    {
        var (_, pairs) = _site.Star(4);
        var victim = pairs[1].B;
        _ = Pair.Listen(victim.Stack, 80);
        var me = EthernetAddress.Derive("flood");
        var (syn, fragment, arp) = (new byte[54], new byte[14 + 20 + 512], new byte[14 + ArpPacket.Size]);
        EthernetFrame.Write(syn, victim.Address, me, EthernetFrame.TypeIPv4);
        EthernetFrame.Write(fragment, victim.Address, me, EthernetFrame.TypeIPv4);
        EthernetFrame.Write(arp, EthernetAddress.Broadcast, me, EthernetFrame.TypeArp);
        var to = IPAddress.Parse("10.0.0.2");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (uint i = 0; i < 20_000; i++)
        {
            var from = IPAddress.FromV4(0x0a00_0010 + (i % 200));
            IPv4Packet.Write(syn.AsSpan(14), new IPHeader(from, to, IPProtocol.Tcp, 64, 0), 20, 1, 0);
            TcpSegment.Write(syn.AsSpan(34), new Endpoint(from, (ushort)i), new Endpoint(to, 80), new TcpFields(i, 0, TcpFlags.Syn, 1000), 20, withChecksum: true);
            pairs[0].A.Receive(syn);
            IPv4Packet.Write(fragment.AsSpan(14), new IPHeader(from, to, IPProtocol.Udp, 64, 0), 512, (ushort)i, IPv4Packet.MoreFragmentsFlag);
            pairs[0].A.Receive(fragment);
            ArpPacket.Write(arp.AsSpan(14), (ushort)(1 + (i & 1)), new EthernetAddress(0x0200_0000_0000UL + i), IPAddress.FromV4(0x0a00_0010 + (i % 200)), victim.Address, to);
            pairs[0].A.Receive(arp);
            if (i % 500 == 0)
            {
                _site.Run();
            }
        }

        _site.Run();
        var census = victim.Stack.Census;
        Assert.InRange(census.Connections, 0, 1100);
        Assert.InRange(census.Fragments, 0, 16);
        Assert.InRange(victim.Neighbours.Count(), 0, 512);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 32 << 20);
        Assert.True(_site.Reaches(pairs[2].B.Stack, pairs[3].B.Stack, "10.0.0.4"));
        Assert.True(_site.Reaches(pairs[2].B.Stack, victim.Stack, "10.0.0.2"));
        _site.Pass(400 * World.Second);
        Assert.Equal((0, 0, 0), (victim.Stack.Census.Connections, victim.Stack.Census.Fragments, victim.Stack.Census.Packets));
    }

    [Fact]
    public void Ports_are_interfaces_of_the_same_stack_and_of_one_bridge()
    {
        var (bridge, pairs) = _site.Star(1);
        Assert.Equal(Errno.EBUSY, ErrorOf(bridge.Add(pairs[0].A)));
        Assert.Equal(Errno.EINVAL, ErrorOf(bridge.Add(pairs[0].B)));
        Assert.Equal(Errno.ELOOP, ErrorOf(bridge.Add(bridge.Interface)));
        bridge.Delete();
        Assert.Null(pairs[0].A.Port);
        Assert.False(bridge.Interface.IsAttached);
    }

    private static Errno ErrorOf(Base.Result<BridgePort> result) => result.Ok(out _, out var error) ? Errno.OK : error;

    private static void Renumber(EthernetInterface link, string address)
    {
        foreach (var prefix in link.Addresses.ToArray())
        {
            _ = link.RemoveAddress(prefix.Address);
        }

        _ = link.AddAddress(Prefix.Parse(address));
    }
}
