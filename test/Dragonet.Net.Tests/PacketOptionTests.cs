using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Packets with options and extension headers, whole and in fragments; and what may be sent.</summary>
public sealed class PacketOptionTests
{
    private static readonly byte[] s_hops = [0, 0, 5, 2, 0, 0, 1, 0];
    private static readonly byte[] s_destination = [0, 0, 1, 4, 0, 0, 0, 0];

    [Theory]
    [InlineData(10)]
    [InlineData(5000)]
    public void Extension_headers_arrive(int length)
    {
        var world = new World();
        var receiver = world.B.CreateUdp(isV6: true);
        Assert.Equal(Errno.OK, receiver.Bind(new Endpoint(IPAddress.AnyV6, 9)));
        receiver.WantsHeaders = true;
        var sender = world.A.CreateUdp(isV6: true);
        sender.PacketOptions = new PacketOptions { HopByHop = s_hops, Destination = s_destination };
        Assert.True(sender.Send(TcpTransferTests.Data(1, length), World.EndpointB(9, v6: true)).IsOk);
        world.Pass(World.Second);
        var buffer = new byte[length];
        Assert.True(receiver.Receive(buffer, peek: false, out var about).Ok(out var count, out var error), error.ToString());
        Assert.Equal(TcpTransferTests.Data(1, length), buffer[..count]);
        var kinds = PacketOptions.Read(about.Header!).Select(header => header.Kind).ToList();
        Assert.Equal(IPProtocol.HopByHop, kinds[0]);
        Assert.True(length > 1500 || kinds[^1] == IPProtocol.DestinationOptions);
        sender.Close();
        receiver.Close();
        Pair.AssertEmpty(world);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(5000)]
    public void Options_of_v4_arrive(int length)
    {
        byte[] options = [148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0];
        var world = new World();
        var packets = 0;
        world.Tap = (_, packet) =>
        {
            Assert.Equal(0x48, packet[0]);
            Assert.Equal(packets++ == 0 ? 7 : 1, packet[24]); // record route is in the first one alone
            return true;
        };
        var receiver = world.B.CreateUdp(isV6: false);
        Assert.Equal(Errno.OK, receiver.Bind(new Endpoint(IPAddress.AnyV4, 9)));
        receiver.WantsHeaders = true;
        var sender = world.A.CreateUdp(isV6: false);
        sender.PacketOptions = new PacketOptions { V4 = options };
        Assert.True(sender.Send(new byte[length], World.EndpointB(9)).IsOk);
        world.Pass(World.Second);
        Assert.True(receiver.Receive(new byte[length], peek: false, out var about).IsOk);
        Assert.Equal(options, about.Header![20..]);
        Assert.Equal((length + 1450) / 1460, packets);
        sender.Close();
        receiver.Close();
        Pair.AssertEmpty(world);
    }

    [Fact]
    public void A_firewall_sees_what_is_behind_them()
    {
        var world = new World();
        _ = world.A.UseFirewall().Add(FilterParser.Parse("output udp dport 9 drop".Split(' '), out _)!);
        var sender = world.A.CreateUdp(isV6: true);
        sender.PacketOptions = new PacketOptions { HopByHop = s_hops, Destination = s_destination };
        Assert.Equal(Errno.EPERM, sender.Send(new byte[10], World.EndpointB(9, v6: true)).Error);
        Assert.True(sender.Send(new byte[10], World.EndpointB(10, v6: true)).IsOk);
        sender.Close();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(true, 1, 1, 1)]
    [InlineData(true, 148, 4, 0, 0)]
    [InlineData(false, 7, 40, 4, 0)]
    [InlineData(false, 7, 2)]
    [InlineData(false, 131, 3, 4)] // a source route
    [InlineData(false, 9)]
    [InlineData(false, 9, 1)]
    public void What_may_be_sent(bool isGood, params int[] options) => Assert.Equal(isGood, PacketOptions.AreGood([.. options.Select(value => (byte)value)]));
}
