using System.Buffers.Binary;
using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>What ICMP says of TCP, for who asked to know (IP_RECVERR of ip(7)).</summary>
public sealed class TcpErrorTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_error_of_an_attempt_waits_in_the_queue(bool asked)
    {
        var world = new World();
        byte[]? syn = null;
        world.Tap = (to, packet) =>
        {
            syn = to == world.LinkB ? packet : syn;
            return false;
        };
        var socket = world.A.CreateTcp(isV6: false);
        socket.Settings.WantsErrors = asked;
        Assert.Equal(Errno.EINPROGRESS, socket.Connect(World.EndpointB(80)));
        world.Pass(10 * World.Millisecond);
        world.Inject(world.LinkA, Unreachable(syn!));
        world.Pass(10 * World.Millisecond);
        Assert.Equal(Errno.EHOSTUNREACH, socket.Connect(World.EndpointB(80)));
        var entry = socket.TakeQueuedError();
        Assert.Equal(asked, entry is not null);
        if (entry is not null)
        {
            Assert.Equal((Errno.EHOSTUNREACH, (byte)3, (byte)1), (entry.Number, entry.Type, entry.Code));
            Assert.Equal(World.EndpointB(80).Address, entry.Destination.Address);
        }

        socket.Close();
        Pair.AssertEmpty(world);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_error_that_may_pass_is_told_at_once_and_ends_nothing(bool asked)
    {
        var pair = Pair.Connect(new World());
        pair.Client.Settings.WantsErrors = asked;
        byte[]? lost = null;
        pair.World.Tap = (to, packet) =>
        {
            lost ??= to == pair.World.LinkB && packet.Length > 100 ? packet : null;
            return packet != lost;
        };
        _ = pair.Client.Send(new byte[200]);
        pair.World.Pass(World.Millisecond);
        pair.World.Inject(pair.World.LinkA, Unreachable(lost!));
        pair.World.Pass(World.Second);
        Assert.Equal(asked ? Errno.EHOSTUNREACH : Errno.OK, pair.Client.TakeError());
        Assert.Equal(TcpState.Established, pair.Client.State);
        pair.World.Until(() => pair.Server.IncomingCount == 200);
        _ = pair.Server.Discard(200);
        pair.Close();
    }

    /// <summary>A router's "host unreachable" about a packet.</summary>
    private static byte[] Unreachable(byte[] about)
    {
        var quoted = about.AsSpan(0, 28);
        var packet = new byte[20 + 8 + quoted.Length];
        IPv4Packet.Write(packet, new IPHeader(World.EndpointB(0).Address, World.EndpointA(0).Address, IPProtocol.Icmp), 8 + quoted.Length, 1, 0);
        packet[20] = 3;
        packet[21] = 1;
        quoted.CopyTo(packet.AsSpan(28));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), InternetChecksum.Of(packet.AsSpan(20)));
        return packet;
    }
}
