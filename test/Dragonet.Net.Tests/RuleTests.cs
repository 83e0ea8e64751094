using Dragonet.Abi;
using Dragonet.Net.Tests.Links;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Policy routing (ip-rule(8)): rules say in which tables routes are looked for.</summary>
public sealed class RuleTests
{
    private readonly Site _site = new();
    private readonly Stack _stack;
    private readonly Epair _first;
    private readonly Epair _second;

    public RuleTests()
    {
        _stack = _site.NewStack();
        _first = _site.Join(_stack, _site.NewStack(), "10.1.0.1/24", "10.1.0.2/24");
        _second = _site.Join(_stack, _site.NewStack(), "10.2.0.1/24", "10.2.0.2/24");
        _stack.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), _first.A, IPAddress.Parse("10.1.0.2")));
        _stack.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), _second.A, IPAddress.Parse("10.2.0.2")) { Table = 100 });
    }

    private static IPAddress Far => IPAddress.Parse("192.0.2.9");

    [Fact]
    public void Source_and_mark_choose_the_table()
    {
        Assert.Equal(_first.A, Way(default).Interface);
        _stack.Rules.Add(new RouteRule(true, _stack.Rules.NextPriority(isV4: true), 100) { From = Prefix.Parse("10.2.0.0/24") });
        _stack.Rules.Add(new RouteRule(true, 5, 100) { Mark = 0x10, Mask = 0xf0 });
        Assert.Equal(_first.A, Way(default).Interface);
        Assert.Equal(_first.A, Way(new RouteQuery(IPAddress.Parse("10.1.0.1"))).Interface);
        Assert.Equal(_second.A, Way(new RouteQuery(IPAddress.Parse("10.2.0.1"))).Interface);
        Assert.Equal(_second.A, Way(new RouteQuery(null, 0x1f)).Interface);
        Assert.Equal(_first.A, Way(new RouteQuery(null, 0x2f)).Interface);
        Assert.Equal(32765u, _stack.Rules.All.Last(rule => rule is { IsV4: true, From: not null }).Priority);

        var socket = _stack.CreateUdp(isV6: false);
        socket.Mark = 0x10;
        Assert.Equal(Errno.OK, socket.Connect(new Endpoint(Far, 9)));
        Assert.Equal("10.2.0.1", socket.Local.Address.ToString());
    }

    [Fact]
    public void A_rule_can_refuse()
    {
        var rule = new RouteRule(true, 10, 0) { Kind = RouteKind.Prohibit, To = Prefix.Parse("192.0.2.0/24") };
        _stack.Rules.Add(rule);
        Assert.Equal(Errno.EACCES, _stack.Resolve(Far).Error);
        Assert.True(_stack.Resolve(IPAddress.Parse("198.51.100.1")).IsOk);
        _stack.Rules.Remove(rule);
        Assert.True(_stack.Resolve(Far).IsOk);
        _stack.Rules.Add(new RouteRule(true, 10, Route.MainTable) { SuppressedLength = 0 }); // anything but the default route
        _stack.Rules.Add(new RouteRule(true, 11, 100));
        Assert.Equal(_second.A, Way(default).Interface);
    }

    [Fact]
    public void A_rule_can_lead_to_a_later_one()
    {
        _stack.Rules.Add(new RouteRule(true, 10, 0) { Target = 30, From = Prefix.Parse("10.2.0.0/24") });
        _stack.Rules.Add(new RouteRule(true, 20, 0) { Kind = RouteKind.Prohibit });
        var from = new RouteQuery(IPAddress.Parse("10.2.0.1"));
        Assert.True(_stack.Rules.IsUnresolved(_stack.Rules.All.First(rule => rule.Target is not null)));
        Assert.Equal(Errno.EACCES, _stack.Resolve(Far, 0, from).Error); // there is no 30: on with 20
        _stack.Rules.Add(new RouteRule(false, 30, 0) { Kind = RouteKind.Prohibit }); // of the other family
        Assert.Equal(Errno.EACCES, _stack.Resolve(Far, 0, from).Error);
        var place = new RouteRule(true, 30, 0) { IsNop = true };
        _stack.Rules.Add(place);
        Assert.False(_stack.Rules.IsUnresolved(_stack.Rules.All.First(rule => rule.Target is not null)));
        Assert.Equal(_first.A, Way(from).Interface); // nop does nothing: the main table
        Assert.Equal(Errno.EACCES, _stack.Resolve(Far).Error);
        _stack.Rules.Add(new RouteRule(true, 30, 100));
        Assert.Equal(_second.A, Way(from).Interface);
        _stack.Rules.Remove(place);
        Assert.Equal(_second.A, Way(from).Interface);
    }

    private Path Way(in RouteQuery query)
    {
        Assert.True(_stack.Resolve(Far, 0, query).Ok(out var path));
        return path;
    }
}
