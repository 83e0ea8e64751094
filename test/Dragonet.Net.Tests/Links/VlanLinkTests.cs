using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests.Links;

/// <summary>Interfaces for virtual networks of a link (IEEE 802.1Q).</summary>
public sealed class VlanLinkTests
{
    private readonly Site _site = new();
    private readonly Epair _pair;

    public VlanLinkTests() => _pair = _site.Join(_site.NewStack(), _site.NewStack(), "10.0.0.1/24", "10.0.0.2/24");

    [Fact]
    public void Each_network_is_a_link_of_its_own()
    {
        var (a5, a6) = (Make(_pair.A, 5, "10.0.5.1/24,fd05::1/64"), Make(_pair.A, 6, "10.0.6.1/24"));
        var (b5, b7) = (Make(_pair.B, 5, "10.0.5.2/24,fd05::2/64"), Make(_pair.B, 7, "10.0.6.2/24"));
        var ear = new Ear();
        _pair.B.AddTap(ear);
        foreach (var address in new[] { "10.0.0.2", "10.0.5.2", "fd05::2" })
        {
            Assert.True(_site.Reaches(_pair.A.Stack, _pair.B.Stack, address), address);
        }

        Assert.False(_site.Reaches(_pair.A.Stack, _pair.B.Stack, "10.0.6.2")); // 6 is not 7
        Assert.Superset(new HashSet<int> { 0, 5, 6 }, ear.Seen);
        Assert.True(a5.Interface.Counters.SentPackets > 0 && b5.Interface.Counters.ReceivedPackets > 0 && a6.Interface.Counters.SentPackets > 0);
        Assert.Equal(0, b7.Interface.Counters.ReceivedPackets);
        Assert.Equal(_pair.A.Address, a5.Interface.Address);
    }

    [Fact]
    public void Tcp_passes_with_full_segments()
    {
        _ = Make(_pair.A, 4094, "10.0.5.1/24");
        _ = Make(_pair.B, 4094, "10.0.5.2/24");
        var listener = Pair.Listen(_pair.B.Stack, 80);
        var client = _pair.A.Stack.CreateTcp(isV6: false);
        _ = client.Connect(new Endpoint(IPAddress.Parse("10.0.5.2"), 80));
        _site.Until(() => listener.PendingCount == 1 && client.State == TcpState.Established);
        Assert.True(listener.Accept().Ok(out var server));
        var (data, buffer) = (new byte[300_000], new byte[300_000]);
        new Random(1).NextBytes(data);
        var (sent, got) = (0, 0);
        _site.Until(() =>
        {
            sent += sent < data.Length && client.Send(data.AsSpan(sent)).Ok(out var some) ? some : 0;
            got += server.Receive(buffer.AsSpan(got)).Ok(out some) ? some : 0;
            return got == data.Length;
        });
        Assert.Equal(data, buffer);
    }

    [Fact]
    public void They_go_with_what_carries_them()
    {
        var vlan = Make(_pair.A, 5, "10.0.5.1/24");
        var stack = _pair.A.Stack;
        Assert.Equal(Errno.OK, stack.Detach(_pair.A));
        Assert.False(vlan.Interface.IsAttached);
        Assert.Empty(_pair.A.Vlans);
        Assert.DoesNotContain(stack.Routes.All, route => !route.Interface.IsLoopback);
        Assert.Equal(Errno.OK, stack.Attach(_pair.A));
        Assert.Equal(Errno.OK, stack.Detach(Make(_pair.A, 5, "10.0.5.1/24").Interface));
        Assert.Empty(_pair.A.Vlans);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        _ = Make(_pair.A, 5, "10.0.5.1/24");
        Assert.Equal(Errno.ERANGE, VlanLink.Create(_pair.A, 4095, "x").Error);
        Assert.Equal(Errno.ERANGE, VlanLink.Create(_pair.A, 0, "x").Error);
        Assert.Equal(Errno.EEXIST, VlanLink.Create(_pair.A, 5, "x").Error);
        Assert.Equal(Errno.EEXIST, VlanLink.Create(_pair.A, 6, _pair.A.Name).Error);
        Assert.Single(_pair.A.Vlans);

        // No more than one in another one; and nothing of a bridge becomes its port, where frames would go round in circles.
        var inner = Make(_pair.A.Vlans[0].Interface, 6, "10.0.6.1/24");
        Assert.Equal(Errno.EMLINK, VlanLink.Create(inner.Interface, 7, "x").Error);
        var bridge = new Bridge(_pair.A.Stack, "br0", EthernetAddress.Derive("br0"));
        var own = Make(bridge.Interface, 5, "10.0.9.1/24");
        Assert.Equal(Errno.ELOOP, bridge.Add(own.Interface).Error);
        Assert.Equal(Errno.ELOOP, bridge.Add(Make(own.Interface, 6, "10.0.8.1/24").Interface).Error);
        Assert.True(bridge.Add(inner.Interface).IsOk);
        Assert.False(_site.Reaches(_pair.A.Stack, _pair.B.Stack, "10.0.9.2"));
    }

    private static VlanLink Make(EthernetInterface lower, int number, string address)
    {
        Assert.True(VlanLink.Create(lower, number, $"{lower.Name}.{number}").Ok(out var vlan, out var error), error.ToString());
        Site.Open(vlan.Interface, address);
        return vlan;
    }

    /// <summary>The networks of what comes; 0 for none.</summary>
    private sealed class Ear : IFrameTap
    {
        public HashSet<int> Seen { get; } = [];

        public void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now) => Seen.Add(VlanTag.Read(bytes) ?? 0);
    }
}
