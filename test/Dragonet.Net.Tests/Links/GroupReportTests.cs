using System.Buffers.Binary;
using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>What routers and switches hear of groups: IGMPv3 (RFC 3376), IGMPv2 (RFC 2236), MLDv2 (RFC 3810), MLDv1 (RFC 2710).</summary>
public sealed class GroupReportTests
{
    private static readonly IPAddress GroupV4 = IPAddress.Parse("239.1.2.3");
    private static readonly IPAddress GroupV6 = IPAddress.Parse("ff05::123");

    private readonly Site _site = new();
    private readonly List<(long Time, byte[] Packet)> _heard = [];
    private readonly Stack _host;
    private readonly EthernetInterface _link;

    public GroupReportTests()
    {
        _host = _site.NewStack();
        var router = _site.NewStack();
        var pair = _site.Join(_host, router, "10.0.0.1/24,fe80::1/64", "10.0.0.2/24,fe80::2/64");
        _link = pair.A;
        _link.AddTap(new Ear(this));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Joining_and_leaving_is_told_twice(bool v6)
    {
        var socket = _host.CreateUdp(v6);
        Assert.Equal(Errno.OK, socket.Groups.Join(Group(v6), _link.Index, IPAddress.AnyV4, GroupFilter.Everybody));
        _site.Pass(5 * World.Second);
        Assert.Equal(2, _heard.Count);
        Assert.InRange(_heard[1].Time - _heard[0].Time, 1, World.Second);
        foreach (var (_, packet) in _heard)
        {
            AssertReport(packet, v6, (4, Group(v6), 0)); // to exclude nobody
        }

        _heard.Clear();
        socket.Close();
        _site.Pass(5 * World.Second);
        Assert.Equal(2, _heard.Count);
        AssertReport(_heard[0].Packet, v6, (3, Group(v6), 0)); // to include nobody
        Assert.Equal(long.MaxValue, _host.NextDeadline);
    }

    [Fact]
    public void Sources_are_told_by_their_difference()
    {
        var socket = _host.CreateUdp(isV6: false);
        Assert.Equal(Errno.OK, socket.Groups.Join(GroupV4, _link.Index, IPAddress.AnyV4, new GroupFilter(false, [IPAddress.Parse("10.9.9.1")])));
        _site.Pass(5 * World.Second);
        AssertReport(_heard[0].Packet, false, (5, GroupV4, 1)); // allow
        _heard.Clear();
        Assert.Equal(Errno.OK, socket.Groups.SetFilter(GroupV4, _link.Index, IPAddress.AnyV4, new GroupFilter(false, [IPAddress.Parse("10.9.9.1"), IPAddress.Parse("10.9.9.2")])));
        AssertReport(_heard[0].Packet, false, (5, GroupV4, 1));
        socket.Close();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_question_about_everything_is_answered_once_after_a_random_time(bool v6)
    {
        Join(v6);
        Ask(v6, v6 ? IPAddress.AnyV6 : IPAddress.AnyV4, code: v6 ? 4000 : 40);
        Assert.Empty(_heard);
        var asked = _site.Now;
        _site.Pass(4 * World.Second);
        var (time, packet) = Assert.Single(_heard);
        Assert.InRange(time - asked, 1, 4 * World.Second);
        var groups = v6 ? new[] { (2, GroupV6, 0), (2, GroupTable.SolicitedNode(IPAddress.Parse("fe80::1")), 0) } : [(2, GroupV4, 0)];
        AssertReport(packet, v6, groups);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_question_about_a_group_is_answered_by_its_members(bool v6)
    {
        Join(v6);
        Ask(v6, v6 ? IPAddress.Parse("ff05::999") : IPAddress.Parse("239.9.9.9"), code: v6 ? 1000 : 10);
        _site.Pass(5 * World.Second);
        Assert.Empty(_heard);
        Ask(v6, Group(v6), code: v6 ? 1000 : 10);
        _site.Pass(World.Second);
        AssertReport(Assert.Single(_heard).Packet, v6, (2, Group(v6), 0));
        _heard.Clear();
        Ask(v6, Group(v6), code: v6 ? 1000 : 10, v6 ? IPAddress.Parse("fe80::77") : IPAddress.Parse("10.9.9.9"));
        _site.Pass(World.Second);
        AssertReport(Assert.Single(_heard).Packet, v6, (1, Group(v6), 1)); // it is included
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_older_router_is_answered_in_its_language(bool v6)
    {
        Join(v6);
        Ask(v6, v6 ? IPAddress.AnyV6 : IPAddress.AnyV4, code: v6 ? 1000 : 10, isOlder: true);
        _site.Pass(2 * World.Second);
        var report = _heard.Select(pair => Message(pair.Packet, v6)).Single(message => IPAddress.FromBytes(message.AsSpan(v6 ? 8 : 4, v6 ? 16 : 4)) == Group(v6));
        Assert.Equal(v6 ? 131 : 0x16, report[0]);

        // Somebody else says it first: one is enough.
        _heard.Clear();
        Ask(v6, Group(v6), code: v6 ? 10000 : 100, isOlder: true);
        Give(v6, Group(v6), report);
        _site.Pass(20 * World.Second);
        Assert.Empty(_heard);

        // After a while without older routers it is said in the new language again.
        _site.Pass(300 * World.Second);
        Ask(v6, Group(v6), code: v6 ? 1000 : 10);
        _site.Pass(2 * World.Second);
        AssertReport(Assert.Single(_heard).Packet, v6, (2, Group(v6), 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_an_older_router_leaving_is_said_to_all_routers(bool v6)
    {
        var socket = Join(v6);
        Ask(v6, Group(v6), code: v6 ? 1000 : 10, isOlder: true);
        _site.Pass(2 * World.Second);
        _heard.Clear();
        socket.Close();
        var packet = Assert.Single(_heard).Packet;
        Assert.Equal(v6 ? 132 : 0x17, Message(packet, v6)[0]);
        Assert.Equal(IPAddress.Parse(v6 ? "ff02::2" : "224.0.0.2"), Destination(packet, v6));
    }

    [Fact]
    public void What_does_not_leave_the_interface_is_not_told_and_a_question_from_afar_is_not_answered()
    {
        var socket = _host.CreateUdp(isV6: true);
        Assert.Equal(Errno.OK, socket.Groups.Join(IPAddress.Parse("ff01::5"), _link.Index, IPAddress.AnyV4, GroupFilter.Everybody));
        _site.Pass(5 * World.Second);
        Assert.Empty(_heard);
        var query = Query(true, IPAddress.AnyV6, 1000, [], isOlder: false);
        Give(true, GroupTable.AllNodes, query, hopLimit: 64);
        Give(true, GroupTable.AllNodes, query, from: "2001:db8::1");
        _site.Pass(5 * World.Second);
        Assert.Empty(_heard);
    }

    [Fact]
    public void Nonsense_is_dropped()
    {
        _ = Join(false);
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
        {
            var message = Query(false, GroupV4, random.Next(256), [GroupV4, GroupV4], isOlder: false)[..random.Next(1, 21)];
            message[random.Next(message.Length)] = (byte)random.Next(256);
            Give(false, GroupV4, message);
        }

        _site.Pass(5000 * World.Second);
        Assert.Equal(long.MaxValue, _host.NextDeadline);
    }

    private static IPAddress Group(bool v6) => v6 ? GroupV6 : GroupV4;

    private UdpSocket Join(bool v6)
    {
        var socket = _host.CreateUdp(v6);
        Assert.Equal(Errno.OK, socket.Groups.Join(Group(v6), _link.Index, IPAddress.AnyV4, GroupFilter.Everybody));
        _site.Pass(10 * World.Second);
        _heard.Clear();
        return socket;
    }

    private static byte[] Query(bool v6, IPAddress group, int code, IPAddress[] sources, bool isOlder)
    {
        var bytes = new byte[(v6 ? 24 : 8) + (isOlder ? 0 : 4 + sources.Length * (v6 ? 16 : 4))];
        bytes[0] = v6 ? (byte)130 : (byte)0x11;
        if (v6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), (ushort)code);
        }
        else
        {
            bytes[1] = (byte)code;
        }

        group.Write(bytes.AsSpan(v6 ? 8 : 4));
        if (!isOlder)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(v6 ? 26 : 10), (ushort)sources.Length);
            for (var i = 0; i < sources.Length; i++)
            {
                sources[i].Write(bytes.AsSpan((v6 ? 28 : 12) + i * (v6 ? 16 : 4)));
            }
        }

        return bytes;
    }

    private void Ask(bool v6, IPAddress group, int code, IPAddress? source = null, bool isOlder = false) =>
        Give(v6, group.IsUnspecified ? v6 ? GroupTable.AllNodes : GroupTable.AllSystems : group, Query(v6, group, code, source is { } one ? [one] : [], isOlder));

    /// <summary>A message comes from the link.</summary>
    private void Give(bool v6, IPAddress to, byte[] message, byte hopLimit = 1, string? from = null)
    {
        var header = new IPHeader(IPAddress.Parse(from ?? (v6 ? "fe80::2" : "10.0.0.2")), to, v6 ? IPProtocol.IcmpV6 : IPProtocol.Igmp, hopLimit);
        var bytes = message.ToArray();
        if (bytes.Length >= 4)
        {
            bytes[2] = bytes[3] = 0;
            var sum = v6 ? InternetChecksum.AddPseudoHeader(header.Source, to, IPProtocol.IcmpV6, bytes.Length) : 0;
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), InternetChecksum.Finish(InternetChecksum.Add(bytes, sum)));
        }

        var ip = v6 ? IPv6Packet.HeaderSize : IPv4Packet.MinimalHeader;
        var frame = new byte[EthernetFrame.HeaderSize + ip + bytes.Length];
        EthernetFrame.Write(frame, EthernetAddress.OfMulticast(to), EthernetAddress.Derive("router"), v6 ? EthernetFrame.TypeIPv6 : EthernetFrame.TypeIPv4);
        if (v6)
        {
            IPv6Packet.Write(frame.AsSpan(EthernetFrame.HeaderSize), header, bytes.Length, header.Protocol);
        }
        else
        {
            IPv4Packet.Write(frame.AsSpan(EthernetFrame.HeaderSize), header, bytes.Length, 0, 0);
        }

        bytes.CopyTo(frame.AsSpan(EthernetFrame.HeaderSize + ip));
        _link.Receive(frame);
        _site.Run();
    }

    private static IPAddress Destination(byte[] packet, bool v6) => IPAddress.FromBytes(v6 ? packet.AsSpan(24, 16) : packet.AsSpan(16, 4));

    /// <summary>The message in a packet, whose headers must be as the RFCs want them.</summary>
    private static byte[] Message(byte[] packet, bool v6)
    {
        Assert.Equal(1, v6 ? packet[7] : packet[8]); // hop limit
        if (v6)
        {
            Assert.Equal([58, 0, 5, 2, 0, 0, 1, 0], packet.AsSpan(40, 8).ToArray()); // router alert
            Assert.Equal(IPAddress.Parse("fe80::1"), IPAddress.FromBytes(packet.AsSpan(8, 16)));
            var message = packet[48..];
            Assert.Equal(0, InternetChecksum.Finish(InternetChecksum.Add(message, InternetChecksum.AddPseudoHeader(IPAddress.Parse("fe80::1"), Destination(packet, v6), IPProtocol.IcmpV6, message.Length))));
            return message;
        }

        Assert.Equal(0x46, packet[0]);
        Assert.Equal([0x94, 4, 0, 0], packet.AsSpan(20, 4).ToArray());
        Assert.Equal(0, InternetChecksum.Of(packet.AsSpan(0, 24)));
        Assert.Equal(0, InternetChecksum.Of(packet.AsSpan(24)));
        return packet[24..];
    }

    private static void AssertReport(byte[] packet, bool v6, params (int Type, IPAddress Group, int Sources)[] expected)
    {
        Assert.Equal(IPAddress.Parse(v6 ? "ff02::16" : "224.0.0.22"), Destination(packet, v6));
        var message = Message(packet, v6);
        Assert.Equal(v6 ? 143 : 0x22, message[0]);
        var size = v6 ? 16 : 4;
        var at = 8;
        var found = new List<(int Type, IPAddress Group, int Sources)>();
        for (var count = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6)); count > 0; count--)
        {
            var sources = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at + 2));
            found.Add((message[at], IPAddress.FromBytes(message.AsSpan(at + 4, size)), sources));
            at += 4 + size + sources * size;
        }

        Assert.Equal(message.Length, at);
        Assert.Equal(expected.OrderBy(record => record.ToString()), found.OrderBy(record => record.ToString()));
    }

    private sealed class Ear(GroupReportTests test) : IFrameTap
    {
        public void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now)
        {
            if (isOutgoing && EthernetFrame.TryParse(bytes, out var frame) && frame.Type is EthernetFrame.TypeIPv4 or EthernetFrame.TypeIPv6)
            {
                test._heard.Add((now, bytes[EthernetFrame.HeaderSize..].ToArray()));
            }
        }
    }
}
