using System.Buffers.Binary;
using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>Addresses and routers that an interface finds by itself (RFC 4861, section 6.3; RFC 4862).</summary>
public sealed class AutoconfigurationTests
{
    private static readonly IPAddress Router = IPAddress.Parse("fe80::ff");

    private readonly Site _site = new();
    private readonly Stack _host;
    private readonly EthernetInterface _link;
    private readonly EthernetInterface _other;
    private readonly List<(long Time, byte Type, IPAddress Source)> _said = [];

    public AutoconfigurationTests()
    {
        (_host, var router) = (_site.NewStack(), _site.NewStack());
        var pair = _site.Join(_host, router, null, "fe80::ff/64,2001:db8::ff/64");
        (_link, _other) = (pair.A, pair.B);
        _link.AddTap(new Ear(this));
    }

    [Fact]
    public void An_address_of_the_link_is_checked_then_routers_are_asked_for_three_times()
    {
        var start = _site.Now;
        _link.IsAutoconfigured = true;
        Assert.Empty(_link.Addresses);
        Assert.Equal(_link.Autoconfiguration!.LinkLocal, Assert.Single(_link.Autoconfiguration.Tentative));
        Assert.Equal((start, (byte)135, IPAddress.AnyV6), Assert.Single(_said)); // from nobody (RFC 4862, section 5.4.2)
        _site.Pass(30 * World.Second);
        Assert.Equal(_link.Autoconfiguration.LinkLocal, Assert.Single(_link.Addresses).Address);
        Assert.Equal(new long[] { 1, 5, 9 }, _said.Where(said => said.Type == 133).Select(said => (said.Time - start) / World.Second));
        Assert.All(_said.Where(said => said.Type == 133), said => Assert.Equal(_link.Autoconfiguration.LinkLocal, said.Source));
        Assert.Equal(long.MaxValue, _host.NextDeadline);
    }

    [Fact]
    public void What_somebody_has_is_not_used()
    {
        _link.IsAutoconfigured = true;
        var address = _link.Autoconfiguration!.LinkLocal;
        _link.IsAutoconfigured = false;
        _ = _other.AddAddress(new Prefix(address, 64));
        _link.IsAutoconfigured = true;
        _site.Pass(30 * World.Second);
        Assert.Empty(_link.Addresses);
        Assert.Equal(1, _link.Autoconfiguration!.Duplicates);
        Assert.DoesNotContain(_said, said => said.Type == 133);
    }

    [Fact]
    public void A_router_gives_a_network_and_a_way_out_for_a_time()
    {
        Start();
        Advertise(1800, ("2001:db8::", 64, 0xc0, 7200, 3600));
        _site.Pass(2 * World.Second);
        var address = _link.Addresses.Select(prefix => prefix.Address).Single(one => !one.IsLinkLocal);
        Assert.Equal(Router, Assert.Single(_link.Autoconfiguration!.Routers));
        Assert.True(_host.Resolve(IPAddress.Parse("2001:db8:1::1")).Ok(out var path));
        Assert.Equal((Router, address), (path.NextHop, path.Source));
        Assert.True(_site.Reaches(_host, _other.Stack, "2001:db8::ff"));
        _site.Pass(1800 * World.Second);
        Assert.Empty(_link.Autoconfiguration.Routers);
        Assert.False(_host.Resolve(IPAddress.Parse("2001:db8:1::1")).IsOk);
        _site.Pass(5400 * World.Second);
        Assert.All(_link.Addresses, prefix => Assert.True(prefix.Address.IsLinkLocal));
        Assert.Equal(long.MaxValue, _host.NextDeadline);
    }

    [Fact]
    public void A_router_that_retires_is_forgotten_and_addresses_live_two_hours_at_least()
    {
        Start();
        Advertise(1800, ("2001:db8::", 64, 0xc0, uint.MaxValue, 3600));
        _site.Pass(2 * World.Second);
        Advertise(0, ("2001:db8::", 64, 0xc0, 0, 0)); // RFC 4862, section 5.5.3 (e): whoever says so need not be the router
        Assert.Empty(_link.Autoconfiguration!.Routers);
        _site.Pass(7100 * World.Second);
        Assert.Equal(2, _link.Addresses.Count);
        _site.Pass(200 * World.Second);
        _ = Assert.Single(_link.Addresses);
    }

    [Fact]
    public void Strangers_cannot_make_it_remember_more_than_a_few()
    {
        Start();
        for (var i = 1; i < 100; i++)
        {
            Advertise(9000, from: IPAddress.Parse("fe80::" + i), prefixes: ($"2001:db8:{i}::", 64, 0xc0, 7200, 3600));
            _site.Pass(World.Second);
        }

        Assert.Equal(8, _link.Autoconfiguration!.Routers.Count());
        Assert.Equal(8, _link.Addresses.Count);
        _link.IsAutoconfigured = false;
        Assert.Empty(_link.Addresses);
        Assert.DoesNotContain(_host.Routes.All, route => route.Gateway is not null);
    }

    [Theory]
    [InlineData("2001:db8::5", 255, 64, 0xc0)] // not of the link
    [InlineData("fe80::ff", 254, 64, 0xc0)]    // from behind a router
    public void What_is_not_of_this_link_is_not_believed(string from, int hopLimit, int length, int flags)
    {
        Start();
        Advertise(1800, from: IPAddress.Parse(from), hopLimit: (byte)hopLimit, prefixes: ("2001:db8::", length, flags, 7200, 3600));
        _site.Pass(3 * World.Second);
        _ = Assert.Single(_link.Addresses);
        Assert.Empty(_link.Autoconfiguration!.Routers);
    }

    [Theory]
    [InlineData("2001:db8::", 64, 0x80, 7200, 3600)]  // not for making addresses
    [InlineData("2001:db8::", 48, 0xc0, 7200, 3600)]  // of another length
    [InlineData("fe80::", 64, 0xc0, 7200, 3600)]
    [InlineData("2001:db8::", 64, 0xc0, 100, 200)]    // preferred for longer than it is valid
    [InlineData("2001:db8::", 64, 0xc0, 0, 0)]
    public void Some_networks_make_no_address(string network, int length, int flags, uint valid, uint preferred)
    {
        Start();
        Advertise(1800, (network, length, flags, valid, preferred));
        _site.Pass(3 * World.Second);
        _ = Assert.Single(_link.Addresses);
    }

    [Fact]
    public void Nonsense_is_dropped()
    {
        Start();
        var random = new Random(1);
        for (var i = 0; i < 20_000; i++)
        {
            var message = Message(1800, ("2001:db8::", 64, 0xc0, 7200, 3600));
            message = message[..random.Next(8, message.Length + 1)];
            message[random.Next(2, message.Length)] = (byte)random.Next(256);
            Give(message, Router, 255);
        }

        Assert.InRange(_link.Addresses.Count, 1, 8);
    }

    private void Start()
    {
        _link.IsAutoconfigured = true;
        _site.Pass(20 * World.Second);
        _said.Clear();
    }

    private void Advertise(int lifetime, params (string Network, int Length, int Flags, uint Valid, uint Preferred)[] prefixes) => Advertise(lifetime, Router, 255, prefixes);

    private void Advertise(int lifetime, IPAddress from, byte hopLimit = 255, params (string Network, int Length, int Flags, uint Valid, uint Preferred)[] prefixes) =>
        Give(Message(lifetime, prefixes), from, hopLimit);

    private static byte[] Message(int lifetime, params (string Network, int Length, int Flags, uint Valid, uint Preferred)[] prefixes)
    {
        var bytes = new byte[16 + 32 * prefixes.Length];
        bytes[0] = RouterAdvertisement.Type;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)lifetime);
        for (var i = 0; i < prefixes.Length; i++)
        {
            var option = bytes.AsSpan(16 + 32 * i);
            (option[0], option[1], option[2], option[3]) = (3, 4, (byte)prefixes[i].Length, (byte)prefixes[i].Flags);
            BinaryPrimitives.WriteUInt32BigEndian(option[4..], prefixes[i].Valid);
            BinaryPrimitives.WriteUInt32BigEndian(option[8..], prefixes[i].Preferred);
            IPAddress.Parse(prefixes[i].Network).Write16(option[16..]);
        }

        return bytes;
    }

    private void Give(byte[] message, IPAddress from, byte hopLimit)
    {
        var to = GroupTable.AllNodes;
        message[2] = message[3] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), InternetChecksum.Finish(InternetChecksum.Add(message, InternetChecksum.AddPseudoHeader(from, to, IPProtocol.IcmpV6, message.Length))));
        var frame = new byte[EthernetFrame.HeaderSize + IPv6Packet.HeaderSize + message.Length];
        EthernetFrame.Write(frame, EthernetAddress.OfMulticast(to), _other.Address, EthernetFrame.TypeIPv6);
        IPv6Packet.Write(frame.AsSpan(EthernetFrame.HeaderSize), new IPHeader(from, to, IPProtocol.IcmpV6, hopLimit), message.Length, IPProtocol.IcmpV6);
        message.CopyTo(frame.AsSpan(EthernetFrame.HeaderSize + IPv6Packet.HeaderSize));
        _link.Receive(frame);
        _site.Run();
    }

    private sealed class Ear(AutoconfigurationTests test) : IFrameTap
    {
        public void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now)
        {
            if (isOutgoing && bytes.Length > 54 && bytes[20] == 58)
            {
                test._said.Add((now, bytes[54], IPAddress.FromBytes(bytes.Slice(22, 16))));
            }
        }
    }
}
