using Dragonet.Abi;
using Dragonet.Net.Tests.Links;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>V10: rules are one stack's own, follow conversations, and say in one line what is wrong with them.</summary>
public sealed class FirewallTests
{
    private readonly Site _site = new();

    [Theory]
    [InlineData("10.0.0.2", "ip saddr 10.0.0.0/24")]
    [InlineData("fd00::2", "ip6 daddr fd00::/64")]
    public void What_is_dropped_does_not_arrive_and_the_neighbour_is_not_touched(string address, string match)
    {
        var (_, pairs) = _site.Star(3);
        var firewall = pairs[1].B.Stack.UseFirewall();
        var handle = firewall.Add(Rule($"input iif {pairs[1].B.Name} {match} udp dport 900-999 drop"));
        Assert.False(_site.Reaches(pairs[0].B.Stack, pairs[1].B.Stack, address));
        Assert.True(_site.Reaches(pairs[0].B.Stack, pairs[2].B.Stack, address.Replace('2', '3')));
        Assert.Equal(1, firewall.Rules.Single().Packets);
        Assert.True(firewall.Remove(handle));
        Assert.True(_site.Reaches(pairs[0].B.Stack, pairs[1].B.Stack, address));
        Assert.Null(pairs[0].B.Stack.Firewall);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Answers_pass_and_calls_from_outside_do_not(bool v6)
    {
        var (a, b) = (_site.NewStack(), _site.NewStack());
        _ = _site.Join(a, b, "10.0.0.1/24,fd00::1/64", "10.0.0.2/24,fd00::2/64");
        var firewall = a.UseFirewall();
        firewall.SetPolicy(FilterHook.Input, FilterVerdict.Drop);
        _ = firewall.Add(Rule("input ct state established,related accept"));
        _ = firewall.Add(Rule("input icmpv6 accept")); // neighbours
        var outside = Pair.Listen(b, 80, v6);
        var client = a.CreateTcp(v6);
        _ = client.Connect(World.EndpointB(80, v6));
        _site.Until(() => client.State == TcpState.Established);
        Assert.True(outside.Accept().Ok(out var server));
        Assert.True(server.Send(new byte[100_000]).IsOk);
        _site.Pass(World.Second);
        Assert.True(client.Receive(new byte[200_000]).Ok(out var count) && count == 100_000);
        client.Close(hard: false);
        server.Close(hard: false);

        // Nobody listens there: the error is about a conversation of ours.
        var udp = a.CreateUdp(v6);
        Assert.Equal(Errno.OK, udp.Connect(World.EndpointB(9, v6)));
        _ = udp.Send([1], null);
        _site.Pass(World.Second);
        Assert.Equal(Errno.ECONNREFUSED, udp.TakeError());

        _ = Pair.Listen(a, 80, v6);
        var caller = b.CreateTcp(v6);
        _ = caller.Connect(World.EndpointA(80, v6));
        _site.Pass(5 * World.Second);
        Assert.Equal(TcpState.SynSent, caller.State);
        _ = firewall.Add(Rule("input tcp dport 80 ct state new accept"));
        _site.Until(() => caller.State == TcpState.Established);
    }

    [Fact]
    public void A_rejected_call_is_refused_and_what_may_not_leave_is_EPERM()
    {
        var (a, b) = (_site.NewStack(), _site.NewStack());
        _ = _site.Join(a, b, "10.0.0.1/24", "10.0.0.2/24");
        _ = b.UseFirewall().Add(Rule("input tcp dport 80 reject"));
        _ = Pair.Listen(b, 80);
        var client = a.CreateTcp(isV6: false);
        _ = client.Connect(World.EndpointB(80));
        _site.Pass(World.Second);
        Assert.Equal(Errno.ECONNREFUSED, client.TakeError());
        _ = a.UseFirewall().Add(Rule("output ip daddr 10.0.0.2 udp drop"));
        Assert.True(!a.CreateUdp(isV6: false).Send([1], World.EndpointB(9)).Ok(out _, out var error) && error == Errno.EPERM);
    }

    [Fact]
    public void A_router_lets_pass_what_its_rules_say()
    {
        var router = _site.NewStack(options => options.Forwards = true);
        var (left, right) = (_site.NewStack(), _site.NewStack());
        var near = _site.Join(router, left, "10.0.0.254/24", "10.0.0.1/24");
        var far = _site.Join(router, right, "10.1.0.254/24", "10.1.0.1/24");
        left.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), near.B, IPAddress.Parse("10.0.0.254")));
        right.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), far.B, IPAddress.Parse("10.1.0.254")));
        Assert.True(_site.Reaches(left, right, "10.1.0.1"));
        var firewall = router.UseFirewall();
        firewall.SetPolicy(FilterHook.Forward, FilterVerdict.Drop);
        _ = firewall.Add(Rule($"forward iif {near.A.Name} oif {far.A.Name} accept"));
        Assert.True(_site.Reaches(left, right, "10.1.0.1"));
        Assert.False(_site.Reaches(right, left, "10.0.0.1"));
    }

    [Fact]
    public void Conversations_are_bounded_under_a_flood()
    {
        var (a, b) = (_site.NewStack(), _site.NewStack());
        _ = _site.Join(a, b, "10.0.0.1/8", "10.0.0.2/8");
        var firewall = b.UseFirewall();
        Assert.True(_site.Reaches(a, b, "10.0.0.2"));
        var link = (EthernetInterface)b.FindInterface("e0b")!;
        var frame = new byte[14 + 20 + 8];
        EthernetFrame.Write(frame, link.Address, EthernetAddress.Derive("flood"), EthernetFrame.TypeIPv4);
        for (uint i = 0; i < 100_000; i++)
        {
            IPv4Packet.Write(frame.AsSpan(14), new IPHeader(IPAddress.FromV4(0x0a010000 + i), IPAddress.Parse("10.0.0.2"), IPProtocol.Udp, 64, 0), 8, 1, 0);
            UdpDatagram.Write(frame.AsSpan(34), new Endpoint(IPAddress.FromV4(0x0a010000 + i), 7), new Endpoint(IPAddress.Parse("10.0.0.2"), 7));
            link.Receive(frame);
        }

        Assert.Equal(65536, firewall.FlowCount);
        _site.Pass(40 * World.Second);
        Assert.True(_site.Reaches(a, b, "10.0.0.2")); // the old ones made room
        Assert.InRange(firewall.FlowCount, 1, 100);
    }

    [Theory]
    [InlineData("input tcp dport 80 accept")]
    [InlineData("forward iif eth0 oif lan0 ip saddr 10.0.0.0/8 ip6 daddr fd00::1 udp sport 1-65535 dport 53 ct state new,established,related,invalid drop")]
    [InlineData("output icmp reject")]
    public void A_rule_is_written_as_it_is_read(string text)
    {
        var rule = Rule(text);
        Assert.Equal(rule, Rule(rule.ToString()));
    }

    [Theory]
    [InlineData("", "begins with")]
    [InlineData("input", "ends with accept")]
    [InlineData("postlude accept", "begins with")]
    [InlineData("input tcp dport 99999 accept", "'dport 99999' makes no sense")]
    [InlineData("input dport 80 accept", "ports are of tcp or udp")]
    [InlineData("input tcp udp accept", "makes no sense")]
    [InlineData("input ip saddr fd00::1 accept", "makes no sense")]
    [InlineData("input ip saddr 10.0.0.0/33 accept", "makes no sense")]
    [InlineData("input oif eth0 accept", "has no oif")]
    [InlineData("input ct state old accept", "makes no sense")]
    [InlineData("input accept accept", "'accept': write")]
    [InlineData("input iif", "needs a value")]
    public void What_is_no_rule_is_said_in_one_line(string text, string message)
    {
        Assert.Null(FilterParser.Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries), out var why));
        Assert.Contains(message, why, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', why);
    }

    [Fact]
    public void The_parser_survives_everything()
    {
        string[] words = ["input", "forward", "output", "iif", "oif", "ip", "ip6", "saddr", "daddr", "tcp", "udp", "icmp", "sport", "dport", "ct", "state", "new", "accept", "drop", "", "-", "1-", "-1", "10.0.0.0/8", "::/0", "1.2.3.4/", "/", "%", "65536", "eth0", "new,", ",", "\0", "ü"];
        var random = new Random(1);
        var rules = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var text = Enumerable.Range(0, random.Next(12)).Select(_ => words[random.Next(words.Length)]).Prepend("input").ToList();
            if (FilterParser.Parse(text, out var why) is { } rule)
            {
                rules++;
                Assert.Equal(rule, Rule(rule.ToString()));
            }
            else
            {
                Assert.InRange(why.Length, 1, 300);
            }
        }

        Assert.InRange(rules, 100, 200_000);
    }

    private static FilterRule Rule(string text) => FilterParser.Parse(text.Split(' '), out var why) ?? throw new InvalidOperationException(why);
}
