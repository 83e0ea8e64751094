using Dragonet.Abi;
using Dragonet.Net.Tests.Links;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>A router between an inner and an outer network that translates addresses (RFC 3022, 4787, 5382, 5508).</summary>
public sealed class NatTests
{
    private readonly Site _site = new();
    private readonly Stack _inner;
    private readonly Stack _second;
    private readonly Stack _router;
    private readonly Stack _outer;
    private readonly Epair _inside;
    private readonly Epair _outside;

    public NatTests()
    {
        _router = _site.NewStack(options => options.Forwards = true);
        (_inner, _second, _outer) = (_site.NewStack(), _site.NewStack(), _site.NewStack());
        _inside = _site.Join(_router, _inner, "10.1.0.1/24,fd01::1/64", "10.1.0.2/24,fd01::2/64");
        var other = _site.Join(_router, _second, "10.2.0.1/24,fd02::1/64", "10.2.0.2/24,fd02::2/64");
        _outside = _site.Join(_router, _outer, "192.0.2.1/24,2001:db8::1/64", "192.0.2.2/24,2001:db8::2/64");
        foreach (var (link, v4, v6) in new[] { (_inside.B, "10.1.0.1", "fd01::1"), (other.B, "10.2.0.1", "fd02::1") })
        {
            link.Stack.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), link, IPAddress.Parse(v4), null));
            link.Stack.Routes.Add(new Route(Prefix.Parse("::/0"), link, IPAddress.Parse(v6), null));
        }
    }

    private static Endpoint Outer(ushort port, bool v6 = false) => new(IPAddress.Parse(v6 ? "2001:db8::2" : "192.0.2.2"), port);

    private static IPAddress RouterOutside(bool v6 = false) => IPAddress.Parse(v6 ? "2001:db8::1" : "192.0.2.1");

    private void Add(string rule)
    {
        var parsed = FilterParser.Parse(rule.Split(' '), out var why);
        Assert.True(parsed is not null, why);
        Assert.Equal(rule, parsed.ToString());
        Assert.NotEqual(0, _router.UseFirewall().Add(parsed));
    }

    [Fact]
    public void Fragments_are_put_together_and_translated()
    {
        Add($"postrouting oif {_outside.A.Name} masquerade");
        var (udp, echo) = (_inner.CreateUdp(isV6: false), _outer.CreateUdp(isV6: false));
        Assert.Equal(Errno.OK, echo.Bind(new Endpoint(IPAddress.AnyV4, 7)));
        var data = Enumerable.Range(0, 20_000).Select(i => (byte)(i * 7)).ToArray();
        var got = new byte[30_000];
        _ = udp.Send([1], Outer(7)); // neighbours get to know each other, who keep only a few packets while they do not
        _site.Pass(World.Second);
        Assert.Equal(1, echo.Receive(got, false, out _).Value);
        _ = udp.Send(data, Outer(7));
        _site.Pass(World.Second);
        Assert.Equal(data.Length, echo.Receive(got, false, out var from).Value);
        Assert.Equal(RouterOutside(), from.Source.Address);
        Assert.Equal(data, got[..data.Length]);
        _ = echo.Send(data, from.Source);
        _site.Pass(World.Second);
        Assert.Equal(data.Length, udp.Receive(got, false, out _).Value);
        Assert.Equal(0, _router.Census.Fragments);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Masquerade_hides_who_calls(bool v6)
    {
        // Nobody outside has a way back to the inner network, so without the rule nothing comes.
        Add($"postrouting oif {_outside.A.Name} masquerade");
        var listener = Pair.Listen(_outer, 80, v6);
        var client = _inner.CreateTcp(v6);
        _ = client.Connect(Outer(80, v6));
        _site.Until(() => client.State == TcpState.Established && listener.PendingCount == 1);
        Assert.True(listener.Accept().Ok(out var server));
        Assert.Equal(RouterOutside(v6), server.Remote!.Value.Address);
        Assert.Equal(Outer(80, v6), client.Remote);
        Assert.True(server.Send(new byte[100_000]).IsOk);
        Assert.True(client.Send(new byte[50_000]).IsOk);
        _site.Pass(World.Second);
        Assert.Equal(100_000, client.IncomingCount);
        Assert.Equal(50_000, server.IncomingCount);

        var udp = _inner.CreateUdp(v6);
        var echo = _outer.CreateUdp(v6);
        Assert.Equal(Errno.OK, echo.Bind(new Endpoint(v6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 7)));
        Assert.Equal(Errno.OK, udp.Connect(Outer(7, v6)));
        _ = udp.Send([1, 2, 3], null);
        _site.Pass(World.Second);
        Assert.Equal(3, echo.Receive(new byte[9], false, out var from).Value);
        Assert.Equal(RouterOutside(v6), from.Source.Address);
        _ = echo.Send([4, 5], from.Source);
        _site.Pass(World.Second);
        Assert.Equal(2, udp.Receive(new byte[9], false, out _).Value);

        var ping = _inner.CreatePing(v6);
        _ = ping.Send([v6 ? (byte)128 : (byte)8, 0, 0, 0, 0, 0, 0, 1], Outer(0, v6));
        _site.Pass(World.Second);
        Assert.True(ping.Receive(new byte[64], false, out _).Value > 0);
    }

    [Fact]
    public void Two_who_call_from_the_same_port_leave_from_two()
    {
        Add("postrouting ip daddr 192.0.2.0/24 masquerade");
        var echo = _outer.CreateUdp(isV6: false);
        Assert.Equal(Errno.OK, echo.Bind(new Endpoint(IPAddress.AnyV4, 7)));
        var callers = new[] { _inner, _second }.Select(stack => stack.CreateUdp(isV6: false)).ToArray();
        var seen = new HashSet<Endpoint>();
        foreach (var (caller, number) in callers.Select((caller, i) => (caller, (byte)i)))
        {
            Assert.Equal(Errno.OK, caller.Bind(new Endpoint(IPAddress.AnyV4, 4000)));
            _ = caller.Send([number], Outer(7));
            _site.Pass(World.Second);
            Assert.Equal(1, echo.Receive(new byte[9], false, out var from).Value);
            Assert.True(seen.Add(from.Source));
            _ = echo.Send([number], from.Source);
        }

        _site.Pass(World.Second);
        var answer = new byte[1];
        foreach (var (caller, number) in callers.Select((caller, i) => (caller, (byte)i)))
        {
            Assert.Equal(1, caller.Receive(answer, false, out var from).Value);
            Assert.Equal((number, Outer(7)), (answer[0], from.Source));
        }

        Assert.Equal(2, _router.Firewall!.TranslationCount);
        _router.Firewall.Flush();
        Assert.Equal(0, _router.Firewall.TranslationCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_port_of_the_router_leads_inside(bool v6)
    {
        Add($"prerouting iif {_outside.A.Name} tcp dport 8080 dnat to {(v6 ? "[fd01::2]:80" : "10.1.0.2:80")}");
        var listener = Pair.Listen(_inner, 80, v6);
        var client = _outer.CreateTcp(v6);
        _ = client.Connect(new Endpoint(RouterOutside(v6), 8080));
        _site.Until(() => client.State == TcpState.Established && listener.PendingCount == 1);
        Assert.True(listener.Accept().Ok(out var server));
        Assert.Equal(client.Local, server.Remote);
        Assert.True(server.Send(new byte[70_000]).IsOk);
        _site.Pass(World.Second);
        Assert.Equal(70_000, client.IncomingCount);
        client.Close();
        server.Close();
        listener.Close();
        _site.Pass(130 * World.Second);

        // Nobody listens any more: the reset comes from whom was called.
        client = _outer.CreateTcp(v6);
        _ = client.Connect(new Endpoint(RouterOutside(v6), 8080));
        _site.Pass(World.Second);
        Assert.Equal(Errno.ECONNREFUSED, client.TakeError());
    }

    [Fact]
    public void Redirect_leads_to_the_router_itself()
    {
        Add($"prerouting iif {_inside.A.Name} tcp dport 80 redirect to :3128");
        var proxy = Pair.Listen(_router, 3128);
        var client = _inner.CreateTcp(isV6: false);
        _ = client.Connect(Outer(80));
        _site.Until(() => client.State == TcpState.Established && proxy.PendingCount == 1);
        Assert.Equal(Outer(80), client.Remote);
        Assert.True(proxy.Accept().Ok(out var server));
        Assert.Equal(new Endpoint(IPAddress.Parse("10.1.0.1"), 3128), server.Local);
        Assert.True(client.Send([1, 2]).IsOk);
        _site.Until(() => server.IncomingCount == 2);
    }

    /// <summary>RFC 5508, REQ-4 and REQ-5: errors are about what the sender sent.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Errors_find_back(bool v6)
    {
        Add("postrouting snat to " + (v6 ? "2001:db8::1" : "192.0.2.1"));
        var udp = _inner.CreateUdp(v6);
        Assert.Equal(Errno.OK, udp.Connect(Outer(9, v6)));
        _ = udp.Send([1], null);
        _site.Pass(World.Second);
        Assert.Equal(Errno.ECONNREFUSED, udp.TakeError());
    }

    [Fact]
    public void What_the_router_says_itself_is_kept_apart()
    {
        Add("postrouting ip saddr 10.0.0.0/8 masquerade");
        var echo = _outer.CreateUdp(isV6: false);
        Assert.Equal(Errno.OK, echo.Bind(new Endpoint(IPAddress.AnyV4, 7)));
        var seen = new HashSet<Endpoint>();
        foreach (var stack in new[] { _router, _inner })
        {
            var socket = stack.CreateUdp(isV6: false);
            Assert.Equal(Errno.OK, socket.Bind(new Endpoint(IPAddress.AnyV4, 4000)));
            _ = socket.Send([1], Outer(7));
            _site.Pass(World.Second);
            Assert.Equal(1, echo.Receive(new byte[9], false, out var from).Value);
            Assert.True(seen.Add(from.Source));
            _ = echo.Send([2], from.Source);
            _site.Pass(World.Second);
            Assert.Equal(1, socket.Receive(new byte[9], false, out _).Value);
        }
    }

    [Fact]
    public void A_flood_of_conversations_is_bounded_and_old_ones_make_room()
    {
        Add("postrouting masquerade");
        var socket = _inner.CreateUdp(isV6: false);
        for (var i = 0; i < 70_000; i++)
        {
            _ = socket.Send([1], new Endpoint(IPAddress.FromV4(0xc0000202u), (ushort)(i % 60_000 + 1)));
            if (i == 59_999)
            {
                _site.Pass(World.Millisecond);
                socket = _second.CreateUdp(isV6: false);
            }

            if (i % 100 == 0)
            {
                _site.Pass(World.Millisecond);
            }
        }

        _site.Pass(World.Millisecond);
        Assert.Equal(65536, _router.Firewall!.TranslationCount);
        _site.Pass(200 * World.Second);
        _ = socket.Send([1], Outer(60_001));
        _site.Pass(World.Second);
        Assert.Equal(1, _router.Firewall.TranslationCount);
    }

    [Theory]
    [InlineData("postrouting dnat to 10.0.0.1", "postrouting")]
    [InlineData("prerouting masquerade", "postrouting")]
    [InlineData("input masquerade", "translate")]
    [InlineData("prerouting accept", "translate")]
    [InlineData("prerouting dnat to 10.0.0.1:80", "tcp or udp")]
    [InlineData("prerouting tcp dnat to 10.0.0.1:0", "write")]
    [InlineData("prerouting tcp dnat to", "write")]
    [InlineData("prerouting tcp dnat to [", "write")]
    [InlineData("prerouting tcp dnat to :", "write")]
    [InlineData("prerouting tcp redirect 80", "write")]
    [InlineData("prerouting dnat to 224.0.0.1", "write")]
    [InlineData("prerouting oif eth0 redirect", "oif")]
    [InlineData("postrouting iif eth0 masquerade", "iif")]
    [InlineData("prerouting ct state new redirect", "ct state")]
    [InlineData("prerouting", "ends")]
    public void What_makes_no_sense_is_said_in_a_line(string rule, string part)
    {
        Assert.Null(FilterParser.Parse(rule.Split(' '), out var why));
        Assert.Contains(part, why, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', why);
    }
}
