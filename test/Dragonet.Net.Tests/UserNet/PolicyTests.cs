using Dragonet.Abi;
using Dragonet.UserNet;
using Xunit;

namespace Dragonet.Net.Tests.UserNet;

/// <summary>Who may go where.</summary>
public sealed class PolicyTests
{
    [Theory]
    [InlineData("192.0.2.1", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.255.255.254", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:0.0.0.0", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("fe80::1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("ff02::1", false)]
    public void Everything_is_everything_outside(string address, bool allowed)
    {
        var to = new Endpoint(IPAddress.Parse(address), 80);
        Assert.Equal(allowed, new EgressPolicy(null).Allows(to, 0));
        Assert.Equal(allowed, Policy("0.0.0.0/0", "::/0").Allows(to, 0));
        Assert.False(Policy().Allows(to, 0));
    }

    [Fact]
    public void Rules_have_networks_and_ports()
    {
        var policy = Policy("10.0.0.0/8:443", "192.0.2.7", "[2001:db8::/32]:80", "169.254.169.254:80", "2001:db8:1::/48");
        Assert.True(policy.Allows(At("10.9.9.9", 443), 0));
        Assert.False(policy.Allows(At("10.9.9.9", 80), 0));
        Assert.False(policy.Allows(At("10.9.9.9", 0), 0)); // an echo request is of no port
        Assert.True(policy.Allows(At("192.0.2.7", 9), 0));
        Assert.True(policy.Allows(At("192.0.2.7", 0), 0));
        Assert.False(policy.Allows(At("192.0.2.8", 9), 0));
        Assert.True(policy.Allows(At("2001:db8::5", 80), 0));
        Assert.False(policy.Allows(At("2001:db8::5", 81), 0));
        Assert.True(policy.Allows(At("2001:db8:1::5", 81), 0));
        Assert.True(policy.Allows(At("169.254.169.254", 80), 0)); // who names it means it
        Assert.False(policy.AllowsHost(80));
        Assert.True(Policy("host:80").AllowsHost(80));
        Assert.False(Policy("host:80").AllowsHost(81));
        Assert.False(Policy("any").AllowsHost(80));
        Assert.False(Policy("127.0.0.1").Allows(At("127.0.0.1", 80), 0)); // it is the gateway's address that leads there
        Assert.True(Policy("127.0.0.1").AllowsHost(80));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":80")]
    [InlineData("example.org:0")]
    [InlineData("example.org:65536")]
    [InlineData("example.org:http")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("2001:db8::/129")]
    [InlineData("[2001:db8::1")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.4.5")]
    [InlineData("*")]
    [InlineData("a.*.org")]
    [InlineData("exa mple.org")]
    [InlineData("http://example.org")]
    [InlineData("fe80::1%eth0")]
    public void Nonsense_is_no_rule(string text) => Assert.Null(EgressRule.Parse(text));

    [Theory]
    [InlineData("example.org", "example.org", true)]
    [InlineData("Example.ORG.", "example.org", true)]
    [InlineData("example.org", "www.example.org", false)]
    [InlineData("*.example.org", "www.example.org", true)]
    [InlineData("*.example.org", "a.b.example.org", true)]
    [InlineData("*.example.org", "example.org", false)]
    [InlineData("*.example.org", "badexample.org", false)]
    [InlineData("example.org", "example.org.evil.net", false)]
    [InlineData("any", "whatever.net", true)]
    [InlineData("host", "whatever.net", false)]
    public void Names_match(string rule, string name, bool matches) => Assert.Equal(matches, Policy(rule).MayResolve(name));

    [Fact]
    public void An_answer_opens_its_addresses_for_a_time()
    {
        var policy = Policy("example.org:443", "*.example.net");
        policy.Grant("example.org", IPAddress.Parse("192.0.2.1"), 60, 0);
        policy.Grant("www.example.net", IPAddress.Parse("192.0.2.2"), 3600, 0);
        policy.Grant("other.org", IPAddress.Parse("192.0.2.3"), 3600, 0);
        Assert.True(policy.Allows(At("192.0.2.1", 443), 599 * World.Second));
        Assert.False(policy.Allows(At("192.0.2.1", 443), 601 * World.Second));
        Assert.False(policy.Allows(At("192.0.2.1", 80), 0));
        Assert.True(policy.Allows(At("192.0.2.2", 80), 3599 * World.Second));
        Assert.False(policy.Allows(At("192.0.2.2", 80), 3601 * World.Second));
        Assert.False(policy.Allows(At("192.0.2.3", 80), 0));
        foreach (var own in new[] { "127.0.0.1", "0.0.0.0", "::1", "::", "169.254.1.1", "fe80::1", "::ffff:127.0.0.1", "224.0.0.1" })
        {
            policy.Grant("www.example.net", IPAddress.Parse(own), 3600, 0);
            Assert.False(policy.Allows(At(own, 80), 0), own);
        }

        Assert.False(policy.AllowsHost(80));
    }

    [Fact]
    public void Answers_do_not_fill_the_memory()
    {
        var policy = Policy("example.org");
        for (uint i = 0; i < 100_000; i++)
        {
            policy.Grant("example.org", IPAddress.FromV4(0xc0000000 + i), 60, i * World.Second);
        }

        Assert.InRange(policy.GrantCount, 1, 4096);
        Assert.True(policy.Allows(At(IPAddress.FromV4(0xc0000000 + 99_999).ToString(), 80), 100_000 * World.Second));
    }

    [Fact]
    public void The_gateway_says_no_at_once_and_says_so()
    {
        var site = new Site(["192.0.2.1:443"]);
        Assert.Equal(Errno.EHOSTUNREACH, site.Call("192.0.2.1", 80).TakeError());
        Assert.Equal(Errno.EACCES, site.Call("2001:db8::1", 80).TakeError());
        Assert.Equal(TcpState.SynSent, site.Call("192.0.2.1", 443).State);
        _ = Assert.Single(site.Host.Sockets);
        var udp = site.Guest.CreateUdp(isV6: false);
        _ = udp.Connect(At("192.0.2.1", 80));
        _ = udp.Send([1], null);
        site.Run();
        Assert.Equal(Errno.EHOSTUNREACH, udp.TakeError());
        Assert.Equal(["192.0.2.1:80 is not allowed", "[2001:db8::1]:80 is not allowed"], site.Refusals);
    }

    [Fact]
    public void The_hosts_loopback_is_the_gateways_address_and_needs_a_word()
    {
        var site = new Site();
        Assert.Equal(Errno.ECONNREFUSED, site.Call("10.0.2.2", 80).TakeError());
        Assert.Equal(Errno.ECONNREFUSED, site.Call("10.0.2.3", 80).TakeError());
        Assert.Empty(site.Host.Sockets);
        site = new Site(["host:80"]);
        Assert.Equal(Errno.ECONNREFUSED, site.Call("10.0.2.2", 81).TakeError());
        var (_, host) = site.Connect("10.0.2.2", 80);
        Assert.Equal(IPAddress.LoopbackV4, new IPAddress(host.Remote.High, host.Remote.Low));
        (_, host) = site.Connect("fd64:7261:676f::2", 80);
        Assert.Equal(IPAddress.LoopbackV6, new IPAddress(host.Remote.High, host.Remote.Low));
    }

    private static EgressPolicy Policy(params string[] rules) => new([.. rules.Select(rule => EgressRule.Parse(rule)!)]);

    private static Endpoint At(string address, ushort port) => new(IPAddress.Parse(address), port);
}
