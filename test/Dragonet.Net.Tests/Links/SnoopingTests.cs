using System.Buffers.Binary;
using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>Bridges pass frames for groups where somebody wants them (RFC 4541). Port 0 has the querier, 1 and 2 have hosts.</summary>
public sealed class SnoopingTests
{
    private static readonly EthernetAddress s_router = EthernetAddress.Derive("router");

    private readonly Site _site = new();
    private readonly Bridge _bridge;
    private readonly List<Epair> _pairs;

    public SnoopingTests() => (_bridge, _pairs) = _site.Star(4);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frames_for_a_group_go_to_its_members_and_to_routers(bool v6)
    {
        var member = Join(1, v6);
        Assert.Equal("1111", Reached(3, v6)); // nobody asks: everywhere
        Query(0, v6);
        Assert.Equal("1111", Reached(3, v6)); // not before everybody has had the time to answer
        _site.Pass(15 * World.Second);
        Assert.Equal([_pairs[0].A], _bridge.ListRouterPorts());
        Assert.Contains((Group(v6), (ushort)1, _pairs[1].A), _bridge.ListGroups());
        Assert.Equal("1101", Reached(3, v6));
        Assert.Equal("1001", Reached(3, v6, v6 ? "ff05::999" : "239.9.9.9")); // nobody's
        Assert.Equal("1111", Reached(3, v6, v6 ? "ff02::1" : "224.0.0.99")); // everybody's (RFC 4541, section 2.1.2)

        // Who leaves is asked for, and is gone soon after.
        member.Close();
        _site.Pass(World.Second);
        Query(0, v6, Group(v6));
        _site.Pass(25 * World.Second);
        Assert.Equal("1001", Reached(3, v6));

        // Nobody asks any more.
        _site.Pass(256 * World.Second);
        Assert.Empty(_bridge.ListRouterPorts());
        Assert.Equal("1111", Reached(3, v6));
    }

    [Fact]
    public void The_switch_turns_it_off_and_members_that_keep_silent_are_forgotten()
    {
        _ = Join(1, v6: false);
        Query(0, v6: false);
        _site.Pass(15 * World.Second);
        Assert.Equal("1101", Reached(3, v6: false));
        _bridge.IsSnooping = false;
        Assert.Equal("1111", Reached(3, v6: false));
        _bridge.IsSnooping = true;
        Assert.Empty(_bridge.ListGroups());
        Report(2, "239.1.2.3");
        Assert.Equal("1011", Reached(3, v6: false));
        _pairs[1].B.IsUp = false; // what it says is not heard any more
        _site.Pass(200 * World.Second);
        Query(0, v6: false);
        _site.Pass(62 * World.Second);
        Assert.Empty(_bridge.ListGroups());
        Assert.Equal("1001", Reached(3, v6: false));
    }

    [Fact]
    public void Reports_go_to_routers_alone_and_a_question_from_nobody_makes_no_router()
    {
        Query(2, v6: false, source: "0.0.0.0");
        Assert.Empty(_bridge.ListRouterPorts());
        Query(0, v6: false);
        _site.Pass(15 * World.Second);
        Report(2, "239.1.2.3");
        var before = Received();
        Report(1, "239.1.2.3");
        Assert.Equal("1000", Changed(before)); // not to the other member
        before = Received();
        Query(0, v6: false, IPAddress.Parse("239.1.2.3"));
        Assert.Equal("0111", Changed(before)); // a question goes to everybody, unlike data for the same group
        Query(1, v6: false, source: "10.0.0.200"); // gives way to the smaller address
        Assert.Equal([_pairs[0].A], _bridge.ListRouterPorts());
        Query(1, v6: false, source: "10.0.0.50");
        Assert.Equal(2, _bridge.ListRouterPorts().Count);
        _ = _bridge.Remove(_pairs[0].A);
        Assert.Equal([_pairs[1].A], _bridge.ListRouterPorts());
    }

    [Fact]
    public void A_PIM_hello_makes_a_router_port_and_damaged_messages_nothing()
    {
        Query(0, v6: false);
        _site.Pass(15 * World.Second);
        Send(2, V4("10.0.0.9", "224.0.0.13", 103, [0x20, 0, 0, 0]));
        Assert.Equal([_pairs[0].A, _pairs[2].A], _bridge.ListRouterPorts());
        var report = V4("10.0.0.2", "239.1.2.3", 2, [0x16, 0, 0, 1, 239, 1, 2, 3]); // its checksum is wrong
        Send(1, report);
        Assert.Empty(_bridge.ListGroups());
    }

    /// <summary>RFC 4541, section 2.1.1: with a router that asks, its question decides; without one nobody would answer.</summary>
    [Fact]
    public void Who_leaves_is_gone_when_nobody_asks_and_else_after_a_question()
    {
        Report(1, "239.1.2.3");
        Report(1, "239.1.2.3", leaves: true);
        _site.Pass(3 * World.Second);
        Assert.Empty(_bridge.ListGroups());
        Query(0, v6: false);
        _site.Pass(15 * World.Second);
        Report(1, "239.1.2.3");
        Report(1, "239.1.2.3", leaves: true);
        _site.Pass(3 * World.Second);
        _ = Assert.Single(_bridge.ListGroups());
        _ = _bridge.Remove(_pairs[1].A);
        Assert.Empty(_bridge.ListGroups());
    }

    [Fact]
    public void Groups_of_the_link_are_not_kept_and_forgotten_ones_make_room()
    {
        _bridge.MaxGroups = 1;
        Report(1, "224.0.0.99");
        Assert.Empty(_bridge.ListGroups());
        Report(1, "239.0.0.1");
        _site.Pass(261 * World.Second);
        Report(1, "239.0.0.2");
        Assert.True(_bridge.IsSnooping);
        Assert.Equal([IPAddress.Parse("239.0.0.2")], _bridge.ListGroups().Select(static member => member.Item1));
    }

    /// <summary>A bridge that filters keeps its groups for each virtual network (Linux: br_ip.vid).</summary>
    [Fact]
    public void Groups_of_one_virtual_network_are_not_those_of_another()
    {
        _bridge.IsFilteringVlans = true;
        foreach (var pair in _pairs)
        {
            pair.A.Port!.AllowVlan(2, untagged: true); // all ports are in both: only the groups tell them apart
        }

        Report(1, "239.1.2.3");
        (_pairs[2].A.Port!.PortVlan, _pairs[3].A.Port!.PortVlan) = (2, 2);
        Report(2, "239.1.2.3");
        Query(0, v6: false);
        _site.Pass(15 * World.Second);
        Assert.Equal([(1, _pairs[1].A), (2, _pairs[2].A)], _bridge.ListGroups().Select(static member => ((int)member.Vlan, member.Link)));
        Assert.Equal("1011", Reached(3, v6: false));
        Query(3, v6: false, Group(v6: false)); // asks in the second: who is in the first need not answer
        _site.Pass(25 * World.Second);
        Assert.Equal("1001", Reached(3, v6: false));
        _pairs[3].A.Port!.PortVlan = 1;
        Assert.Equal("1101", Reached(3, v6: false));
    }

    /// <summary>mcast_hash_max: who names too many groups turns snooping off, and nobody misses a frame.</summary>
    [Fact]
    public void Groups_are_bounded()
    {
        _bridge.MaxGroups = 100;
        Query(0, v6: false);
        _site.Pass(15 * World.Second);
        for (var i = 1; i <= 100; i++)
        {
            Report(1, $"239.0.0.{i}");
        }

        Assert.Equal(100, _bridge.ListGroups().Count);
        Assert.True(_bridge.IsSnooping);
        Assert.Equal("1001", Reached(3, v6: false));
        Report(1, "239.0.1.0");
        Assert.False(_bridge.IsSnooping);
        Assert.Empty(_bridge.ListGroups());
        Assert.Equal("1111", Reached(3, v6: false));
    }

    private static IPAddress Group(bool v6) => IPAddress.Parse(v6 ? "ff05::123" : "239.1.2.3");

    private UdpSocket Join(int host, bool v6)
    {
        var socket = _pairs[host].B.Stack.CreateUdp(v6);
        Assert.Equal(Abi.Errno.OK, socket.Groups.Join(Group(v6), _pairs[host].B.Index, IPAddress.AnyV4, GroupFilter.Everybody));
        _site.Pass(2 * World.Second);
        return socket;
    }

    /// <summary>Behind which ports a frame for a group arrives; the sender's own counts.</summary>
    private string Reached(int from, bool v6, string? group = null)
    {
        var before = Received();
        var to = IPAddress.Parse(group ?? Group(v6).ToString());
        var ip = v6 ? V6("fd00::4", to.ToString(), 17, new byte[8]) : V4("10.0.0.4", to.ToString(), 17, new byte[8]);
        Send(from, ip);
        var reached = Changed(before).ToCharArray();
        reached[from] = '1';
        return new string(reached);
    }

    private long[] Received() => [.. _pairs.Select(static pair => pair.B.Counters.ReceivedPackets)];

    private string Changed(long[] before) => string.Concat(Received().Zip(before, static (now, then) => now > then ? '1' : '0'));

    private void Query(int port, bool v6, IPAddress? group = null, string source = "10.0.0.100")
    {
        var message = new byte[v6 ? 24 : 8];
        if (v6)
        {
            message[0] = 130;
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 10_000);
            group?.Write(message.AsSpan(8));
            Send(port, V6("fe80::100", (group ?? IPAddress.Parse("ff02::1")).ToString(), 58, message));
            return;
        }

        (message[0], message[1]) = (0x11, 100);
        group?.Write(message.AsSpan(4));
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), InternetChecksum.Of(message));
        Send(port, V4(source, (group ?? IPAddress.Parse("224.0.0.1")).ToString(), 2, message));
    }

    private void Report(int port, string group, bool leaves = false)
    {
        byte[] message = [(byte)(leaves ? 0x17 : 0x16), 0, 0, 0, 0, 0, 0, 0];
        IPAddress.Parse(group).Write(message.AsSpan(4));
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), InternetChecksum.Of(message));
        Send(port, V4("10.0.0.77", leaves ? "224.0.0.2" : group, 2, message));
    }

    private void Send(int port, byte[] packet)
    {
        var isV4 = packet[0] >> 4 == 4;
        var frame = new byte[EthernetFrame.HeaderSize + packet.Length];
        var group = isV4 ? 0x0100_5e00_0000UL | (BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(16)) & 0x7fffff) : 0x3333_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(36));
        EthernetFrame.Write(frame, new EthernetAddress(group), s_router, isV4 ? EthernetFrame.TypeIPv4 : EthernetFrame.TypeIPv6);
        packet.CopyTo(frame, EthernetFrame.HeaderSize);
        _pairs[port].A.Receive(frame);
        _site.Run();
    }

    private static byte[] V4(string source, string to, int protocol, byte[] payload)
    {
        var bytes = new byte[20 + payload.Length];
        IPv4Packet.Write(bytes, new IPHeader { Source = IPAddress.Parse(source), Destination = IPAddress.Parse(to), Protocol = (IPProtocol)protocol, HopLimit = 1 }, payload.Length, 0, 0);
        payload.CopyTo(bytes, 20);
        return bytes;
    }

    private static byte[] V6(string source, string to, int protocol, byte[] payload)
    {
        var (from, group) = (IPAddress.Parse(source), IPAddress.Parse(to));
        if (protocol == 58)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(2), InternetChecksum.Finish(InternetChecksum.Add(payload, InternetChecksum.AddPseudoHeader(from, group, IPProtocol.IcmpV6, payload.Length))));
        }

        var bytes = new byte[40 + payload.Length];
        IPv6Packet.Write(bytes, new IPHeader { Source = from, Destination = group, Protocol = (IPProtocol)protocol, HopLimit = 1 }, payload.Length, (IPProtocol)protocol);
        payload.CopyTo(bytes, 40);
        return bytes;
    }
}
