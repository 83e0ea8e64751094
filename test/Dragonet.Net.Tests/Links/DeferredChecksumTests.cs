using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>Checksums of large segments are computed for who sees them: nobody else misses them, and nobody sees a wrong one.</summary>
public sealed class DeferredChecksumTests
{
    private const int Mtu = 9000;

    private readonly Site _site = new();
    private readonly Queue<byte[]> _toOuter = new();
    private readonly Queue<byte[]> _toRouter = new();
    private readonly Stack _inner;
    private readonly Stack _router;
    private readonly Stack _outer;
    private readonly Epair _inside;
    private readonly EthernetInterface _wire;
    private readonly EthernetInterface _far;
    private ushort _port = 80;

    /// <summary>A stack, a router that it is wired to in memory, and one that the router reaches through a wire of bytes.</summary>
    public DeferredChecksumTests()
    {
        _router = _site.NewStack(static options => options.Forwards = true);
        (_inner, _outer) = (_site.NewStack(), _site.NewStack());
        _inside = _site.Join(_router, _inner, "10.1.0.1/24,fd01::1/64", "10.1.0.2/24,fd01::2/64", Mtu);
        _wire = new EthernetInterface(_router, "wire", EthernetAddress.Derive("wire"), bytes => _toOuter.Enqueue(bytes.ToArray()), Mtu);
        _far = new EthernetInterface(_outer, "far", EthernetAddress.Derive("far"), bytes => _toRouter.Enqueue(bytes.ToArray()), Mtu);
        Site.Open(_wire, "192.0.2.1/24,2001:db8::1/64");
        Site.Open(_far, "192.0.2.2/24,2001:db8::2/64");
        foreach (var (link, v4, v6) in new[] { (_inside.B, "10.1.0.1", "fd01::1"), (_far, "192.0.2.1", "2001:db8::1") })
        {
            link.Stack.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), link, IPAddress.Parse(v4), null));
            link.Stack.Routes.Add(new Route(Prefix.Parse("::/0"), link, IPAddress.Parse(v6), null));
        }
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void What_leaves_for_a_wire_has_one(bool v6, bool translated)
    {
        if (translated)
        {
            Assert.NotEqual(0, _router.UseFirewall().Add(FilterParser.Parse(["postrouting", "oif", "wire", "masquerade"], out _)!));
        }

        Transfer(_inner, _outer, v6 ? "2001:db8::2" : "192.0.2.2", v6);
        Assert.Equal(0, _outer.Counters.TcpInErrors);
        Assert.Equal(0, _inner.Counters.TcpRetransmitted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_looks_sees_it(bool v6)
    {
        var taps = new[] { new Checker(), new Checker(), new Checker() };
        _inside.B.AddTap(taps[0]);
        _inside.A.AddTap(taps[1]);
        _wire.AddTap(taps[2]);
        Transfer(_inner, _outer, v6 ? "2001:db8::2" : "192.0.2.2", v6);
        Assert.All(taps, static tap => Assert.True(tap is { Wrong: 0, Large: > 20 }));
    }

    [Fact]
    public void Who_looks_at_the_end_alone_sees_it()
    {
        var tap = new Checker();
        _inside.A.AddTap(tap);
        Transfer(_inner, _router, "10.1.0.1", v6: false);
        Assert.True(tap is { Wrong: 0, Large: > 20 });
    }

    [Fact]
    public void A_raw_socket_sees_it()
    {
        var raw = _router.CreateRaw(isV6: false, IPProtocol.Tcp);
        var (buffer, large) = (new byte[Mtu], 0);
        Transfer(_inner, _router, "10.1.0.1", v6: false, () =>
        {
            while (raw.Receive(buffer, peek: false, out _).Ok(out var count))
            {
                Assert.True(IPv4Packet.TryParse(buffer.AsSpan(0, count), out var ip));
                Assert.True(TcpSegment.TryParse(buffer.AsSpan(ip.HeaderLength, ip.TotalLength - ip.HeaderLength), out var segment));
                Assert.True(segment.IsChecksumValid(ip.Source, ip.Destination));
                large += segment.Payload.Length > 4096 ? 1 : 0;
            }
        });
        Assert.True(large > 0); // as many as there was room for
    }

    [Fact]
    public void Damage_on_the_way_is_found_by_it()
    {
        _inside.B.Impairment = new LinkImpairment { Seed = 3, Corruption = 0.2 };
        Transfer(_inner, _router, "10.1.0.1", v6: false);
        Assert.True(_router.Counters.TcpInErrors > 0);
    }

    [Fact]
    public void A_bridge_passes_it_on()
    {
        var bridge = new Bridge(_router, "br0", EthernetAddress.Derive("br0"), Mtu);
        bridge.Interface.IsUp = true;
        var other = _site.NewStack();
        var (first, second) = (_site.Join(_router, _inner, null, "10.9.0.1/24", Mtu), _site.Join(_router, other, null, "10.9.0.2/24", Mtu));
        Assert.True(bridge.Add(first.A).IsOk && bridge.Add(second.A).IsOk);
        Transfer(_inner, other, "10.9.0.2", v6: false);
        var tap = new Checker();
        second.A.AddTap(tap);
        Transfer(_inner, other, "10.9.0.2", v6: false);
        Assert.True(tap is { Wrong: 0, Large: > 20 });
        Assert.Equal((0, 0), (other.Counters.TcpInErrors, _inner.Counters.TcpRetransmitted));
    }

    private void Transfer(Stack from, Stack to, string address, bool v6, Action? look = null)
    {
        var listener = Pair.Listen(to, ++_port, v6);
        var client = from.CreateTcp(v6);
        _ = client.Connect(new Endpoint(IPAddress.Parse(address), _port));
        Until(() => listener.PendingCount == 1);
        Assert.True(listener.Accept().Ok(out var server));
        var data = new byte[300_001];
        new Random(5).NextBytes(data);
        var (sent, received, buffer) = (0, 0, new byte[40_000]);
        Until(() =>
        {
            sent += sent < data.Length && client.Send(data.AsSpan(sent)).Ok(out var count) ? count : 0;
            while (server.Receive(buffer).Ok(out count) && count > 0)
            {
                Assert.True(data.AsSpan(received, count).SequenceEqual(buffer.AsSpan(0, count)));
                received += count;
            }

            look?.Invoke();
            return received == data.Length;
        });
        client.Close();
        server.Close();
        listener.Close();
    }

    private void Until(Func<bool> condition)
    {
        for (var i = 0; i < 100_000; i++)
        {
            _site.Run();
            var moved = _toOuter.Count + _toRouter.Count;
            while (_toOuter.TryDequeue(out var frame))
            {
                _far.Receive(frame);
            }

            while (_toRouter.TryDequeue(out var frame))
            {
                _wire.Receive(frame);
            }

            if (condition())
            {
                return;
            }

            if (moved == 0)
            {
                _site.Pass(World.Millisecond);
            }
        }

        Assert.Fail("hangs");
    }

    private sealed class Checker : IFrameTap
    {
        public int Wrong { get; private set; }

        public int Large { get; private set; }

        public void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now)
        {
            if (!EthernetFrame.TryParse(bytes, out var frame))
            {
                return;
            }

            var (at, source, destination) = (-1, default(IPAddress), default(IPAddress));
            if (frame.Type == EthernetFrame.TypeIPv4 && IPv4Packet.TryParse(frame.Payload, out var v4) && v4.Protocol == IPProtocol.Tcp)
            {
                (at, source, destination) = (v4.HeaderLength, v4.Source, v4.Destination);
            }
            else if (frame.Type == EthernetFrame.TypeIPv6 && IPv6Packet.TryParse(frame.Payload, out var v6) && v6.NextHeader == IPProtocol.Tcp)
            {
                (at, source, destination) = (IPv6Packet.HeaderSize, v6.Source, v6.Destination);
            }

            if (at >= 0 && TcpSegment.TryParse(frame.Payload[at..], out var segment))
            {
                Wrong += segment.IsChecksumValid(source, destination) ? 0 : 1;
                Large += segment.Payload.Length > 4096 ? 1 : 0;
            }
        }
    }
}
