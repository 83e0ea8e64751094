using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Every state of a connection, and the ways between them (RFC 9293, section 3.3.2 and figure 5).</summary>
public sealed class TcpStateTests
{
    [Fact]
    public void The_usual_life()
    {
        var world = new World();
        var listener = Pair.Listen(world.B, 80);
        Assert.Equal(TcpState.Listen, listener.State);
        var client = world.A.CreateTcp(isV6: false);
        Assert.Equal(Errno.EINPROGRESS, client.Connect(World.EndpointB(80)));
        Assert.Equal(TcpState.SynSent, client.State);
        Assert.Equal(Errno.EALREADY, client.Connect(World.EndpointB(80)));
        world.Pass(6 * World.Millisecond);
        Assert.Contains(world.B.ListTcp(), entry => entry.State == TcpState.SynReceived);
        world.Until(() => listener.PendingCount == 1);
        Assert.True(listener.Accept().Ok(out var server));
        Assert.Equal(TcpState.Established, client.State);
        Assert.Equal(TcpState.Established, server.State);
        Assert.Equal(World.EndpointB(80), server.Local);
        Assert.Equal(client.Local, server.Remote);

        Assert.Equal(Errno.OK, client.Shutdown(read: false, write: true));
        Assert.Equal(TcpState.FinWait1, client.State);
        Assert.Equal(Errno.EPIPE, client.Send([1]).Error);
        world.Until(() => server.State == TcpState.CloseWait);
        Assert.Equal(0, server.Receive(new byte[1]).Value);
        world.Until(() => client.State == TcpState.FinWait2);
        Assert.Equal(3, server.Send("end"u8).Value);
        Assert.Equal(Errno.OK, server.Shutdown(read: false, write: true));
        Assert.Equal(TcpState.LastAck, server.State);
        world.Until(() => client.State == TcpState.TimeWait);
        world.Until(() => server.State == TcpState.Closed);
        var buffer = new byte[10];
        Assert.Equal(3, client.Receive(buffer).Value);
        Assert.Equal(0, client.Receive(buffer).Value);
        new Pair(world, client, server, listener).Close();
    }

    [Fact]
    public void An_acknowledgment_is_due_when_the_way_has_gone()
    {
        var world = new World();
        var pair = Pair.Connect(world);
        for (var i = 0; i < 40; i++)
        {
            // A conversation: acknowledgments wait for the answer.
            Assert.Equal(1, pair.Client.Send([1]).Value);
            world.Until(() => pair.Server.Receive(new byte[1]).Ok(out _, out _));
            Assert.Equal(1, pair.Server.Send([2]).Value);
            world.Until(() => pair.Client.Receive(new byte[1]).Ok(out _, out _));
        }

        Assert.Equal(1, pair.Client.Send([3]).Value);
        world.Until(() => pair.Server.Receive(new byte[1]).Ok(out _, out _));
        Assert.Equal(Errno.OK, world.B.Detach(world.LinkB));
        world.Pass(World.Second);
        Assert.True(world.B.NextDeadline > world.Now);
        pair.Client.Close();
        pair.Server.Close();
    }

    [Fact]
    public void Both_close_at_once()
    {
        var pair = Pair.Connect(new World());
        _ = pair.Client.Shutdown(read: false, write: true);
        _ = pair.Server.Shutdown(read: false, write: true);
        pair.World.Until(() => pair.Client.State == TcpState.Closing);
        Assert.Equal(TcpState.Closing, pair.Server.State);
        pair.World.Until(() => pair.Client.State == TcpState.TimeWait && pair.Server.State == TcpState.TimeWait);
        pair.Close();
    }

    [Fact]
    public void Both_open_at_once()
    {
        var world = new World();
        var (a, b) = (world.A.CreateTcp(isV6: false), world.B.CreateTcp(isV6: false));
        Assert.Equal(Errno.OK, a.Bind(World.EndpointA(1000)));
        Assert.Equal(Errno.OK, b.Bind(World.EndpointB(2000)));
        Assert.Equal(Errno.EINPROGRESS, a.Connect(World.EndpointB(2000)));
        Assert.Equal(Errno.EINPROGRESS, b.Connect(World.EndpointA(1000)));
        world.Until(() => a.State == TcpState.SynReceived);
        world.Until(() => a.State == TcpState.Established && b.State == TcpState.Established);
        Pair.Transfer(world, new byte[100_000], (a, b), (b, a));
        a.Close();
        b.Close();
        Pair.AssertEmpty(world);
    }

    [Fact]
    public void A_socket_may_connect_to_itself()
    {
        var world = new World();
        var socket = world.A.CreateTcp(isV6: false);
        var self = new Endpoint(IPAddress.LoopbackV4, 40000);
        Assert.Equal(Errno.OK, socket.Bind(self));
        Assert.Equal(Errno.EINPROGRESS, socket.Connect(self));
        world.A.Run();
        Assert.Equal(TcpState.Established, socket.State);
        Pair.Transfer(world, [1, 2, 3], (socket, socket));
        socket.Close();
        Pair.AssertEmpty(world);
    }

    [Fact]
    public void Nobody_there_is_refused()
    {
        var world = new World();
        var client = world.A.CreateTcp(isV6: false);
        Assert.Equal(Errno.EINPROGRESS, client.Connect(World.EndpointB(81)));
        world.Until(() => client.State == TcpState.Closed);
        Assert.True((client.Poll() & PollEvents.POLLERR) != 0);
        Assert.Equal(Errno.ECONNREFUSED, client.Connect(World.EndpointB(81)));
        Assert.Equal(Errno.EINPROGRESS, client.Connect(World.EndpointB(81)));
        client.Close();
        Pair.AssertEmpty(world);
    }

    [Fact]
    public void A_call_that_nobody_answers_times_out()
    {
        var world = new World { Tap = (_, _) => false };
        var client = world.A.CreateTcp(isV6: false);
        var start = world.Now;
        Assert.Equal(Errno.EINPROGRESS, client.Connect(World.EndpointB(80)));
        world.Until(() => client.State == TcpState.Closed);
        Assert.Equal(Errno.ETIMEDOUT, client.TakeError());
        Assert.Equal(127, (world.Now - start) / World.Second); // tcp(7), tcp_syn_retries: six of them
        Assert.Equal(7, world.Sent);
        client.Close();
        Pair.AssertEmpty(world);
    }

    [Fact]
    public void A_peer_that_vanishes_ends_the_connection()
    {
        var pair = Pair.Connect(new World());
        pair.World.Tap = (_, _) => false;
        _ = pair.Client.Send([1]);
        pair.World.Until(() => pair.Client.State == TcpState.Closed);
        Assert.Equal(Errno.ETIMEDOUT, pair.Client.Receive(new byte[1]).Error);
        pair.World.Tap = null;
        pair.Close();
    }

    [Fact]
    public void Keep_alive_finds_out_that_a_peer_has_vanished()
    {
        var pair = Pair.Connect(new World());
        pair.Client.Settings.KeepAlive = true;
        pair.Client.Settings.KeepIdle = 100;
        pair.Client.Settings.KeepInterval = 10;
        pair.Client.Settings.KeepCount = 3;
        pair.Client.SettingsChanged(push: false);
        pair.World.Pass(1000 * World.Second);
        Assert.Equal(TcpState.Established, pair.Client.State);
        pair.World.Tap = (_, _) => false;
        pair.World.Pass(15 * World.Second);
        Assert.Equal(TcpState.Established, pair.Client.State);
        pair.World.Pass(30 * World.Second);
        Assert.Equal(Errno.ETIMEDOUT, pair.Client.TakeError());
        pair.World.Tap = null;
        pair.Close();
    }

    [Fact]
    public void Data_that_nobody_reads_resets()
    {
        var pair = Pair.Connect(new World());
        _ = pair.Client.Send([1, 2, 3]);
        pair.World.Until(() => pair.Server.IncomingCount == 3);
        pair.Server.Close();
        pair.World.Until(() => pair.Client.State == TcpState.Closed);
        Assert.Equal(Errno.ECONNRESET, pair.Client.Receive(new byte[1]).Error);
        Assert.Equal(Errno.EPIPE, pair.Client.Send([1]).Error);
        pair.Close();
    }

    [Fact]
    public void A_hard_close_resets()
    {
        var pair = Pair.Connect(new World());
        pair.Client.Close(hard: true);
        pair.World.Until(() => pair.Server.State == TcpState.Closed);
        Assert.Equal(Errno.ECONNRESET, pair.Server.TakeError());
        pair.Close();
    }

    [Fact]
    public void A_reset_must_be_exact_and_a_syn_is_asked_about()
    {
        // RFC 5961, sections 3 and 4.
        var world = new World();
        byte[]? last = null;
        world.Tap = (to, packet) =>
        {
            last = to == world.LinkB ? packet : last;
            return true;
        };
        var pair = Pair.Connect(world);
        _ = pair.Client.Send([1]);
        world.Pass(World.Second);
        Assert.NotNull(last);
        var forged = last.AsSpan(0, 40).ToArray();
        foreach (var flags in new[] { TcpFlags.Rst, TcpFlags.Syn })
        {
            var challenges = world.B.Counters.TcpChallengeAcks;
            world.Inject(world.LinkB, Forge(forged, flags, ahead: 1000));
            world.Pass(World.Second);
            Assert.Equal(challenges + 1, world.B.Counters.TcpChallengeAcks);
            Assert.Equal(TcpState.Established, pair.Server.State);
        }

        world.Inject(world.LinkB, Forge(forged, TcpFlags.Rst, ahead: 1));
        world.Pass(World.Second);
        Assert.Equal(Errno.ECONNRESET, pair.Server.TakeError());
        pair.Close();
    }

    [Fact]
    public void Too_many_calls_at_once_are_bounded()
    {
        var world = new World();
        var listener = Pair.Listen(world.B, 80, backlog: 2);
        var clients = new List<TcpSocket>();
        for (var i = 0; i < 10; i++)
        {
            var client = world.A.CreateTcp(isV6: false);
            _ = client.Connect(World.EndpointB(80));
            clients.Add(client);
        }

        world.Pass(World.Second);
        Assert.Equal(3, listener.PendingCount); // the backlog and one, as Linux
        world.Until(() =>
        {
            while (listener.Accept().Ok(out var server))
            {
                server.Close();
            }

            return clients.TrueForAll(client => client.State is TcpState.CloseWait);
        });
        clients.ForEach(client => client.Close());
        listener.Close();
        Pair.AssertEmpty(world);
    }

    [Fact]
    public void More_connections_than_ports_one_after_the_other()
    {
        // Each leaves a TIME-WAIT behind on the caller's side; after a second its port may serve again.
        var world = new World();
        var listener = Pair.Listen(world.A, 80);
        for (var i = 0; i < 30_000; i++)
        {
            var client = world.A.CreateTcp(isV6: false);
            Assert.Equal(Errno.EINPROGRESS, client.Connect(new Endpoint(IPAddress.LoopbackV4, 80)));
            world.A.Run();
            Assert.True(listener.Accept().Ok(out var server, out var error), $"{i}: {error}");
            client.Close();
            world.A.Run();
            server.Close();
            world.A.Run();
            if (i % 1000 == 0)
            {
                world.Pass(World.Second);
            }
        }

        listener.Close();
        Pair.AssertEmpty(world);
    }

    private static byte[] Forge(byte[] packet, TcpFlags flags, uint ahead)
    {
        var forged = packet.ToArray();
        var header = new IPHeader(IPAddress.FromBytes(packet.AsSpan(12, 4)), IPAddress.FromBytes(packet.AsSpan(16, 4)), IPProtocol.Tcp);
        IPv4Packet.Write(forged, header, 20, 0, 0);
        var sequence = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(24)) + ahead;
        var source = new Endpoint(header.Source, System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(20)));
        var destination = new Endpoint(header.Destination, System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(22)));
        TcpSegment.Write(forged.AsSpan(20), source, destination, new TcpFields(sequence, 0, flags, 0), 20, withChecksum: true);
        return forged;
    }
}
