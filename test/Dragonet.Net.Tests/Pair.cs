using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>A client on one stack and its connection on the other.</summary>
internal sealed record Pair(World World, TcpSocket Client, TcpSocket Server, TcpSocket Listener)
{
    public static TcpSocket Listen(Stack stack, ushort port, bool v6 = false, int backlog = 16)
    {
        var listener = stack.CreateTcp(v6);
        Assert.Equal(Errno.OK, listener.Bind(new Endpoint(v6 ? IPAddress.AnyV6 : IPAddress.AnyV4, port)));
        Assert.Equal(Errno.OK, listener.Listen(backlog));
        return listener;
    }

    public static Pair Connect(World world, bool v6 = false, ushort port = 80)
    {
        var listener = Listen(world.B, port, v6);
        var client = world.A.CreateTcp(v6);
        Assert.Equal(Errno.EINPROGRESS, client.Connect(World.EndpointB(port, v6)));
        world.Until(() => client.State == TcpState.Established && listener.PendingCount == 1);
        Assert.Equal(Errno.OK, client.Connect(World.EndpointB(port, v6)));
        Assert.True(listener.Accept().Ok(out var server, out var error), error.ToString());
        return new Pair(world, client, server, listener);
    }

    /// <summary>Sends all of it one way and compares what arrives.</summary>
    public static void Transfer(World world, byte[] data, params (TcpSocket From, TcpSocket To)[] ways)
    {
        var sent = new int[ways.Length];
        var received = new int[ways.Length];
        var buffer = new byte[70000];
        world.Until(() =>
        {
            // Within one stack there is no event to wait for between a reader and the sender that it made room for.
            while (MoveSome())
            {
            }

            return received.All(count => count == data.Length);
        });

        bool MoveSome()
        {
            var before = sent.Sum() + received.Sum();
            for (var i = 0; i < ways.Length; i++)
            {
                while (sent[i] < data.Length)
                {
                    var result = ways[i].From.Send(data.AsSpan(sent[i], Math.Min(data.Length - sent[i], 50000)));
                    if (!result.Ok(out var count, out var error))
                    {
                        Assert.Equal(Errno.EAGAIN, error);
                        break;
                    }

                    sent[i] += count;
                }

                while (received[i] < data.Length)
                {
                    var result = ways[i].To.Receive(buffer);
                    if (!result.Ok(out var count, out var error))
                    {
                        Assert.Equal(Errno.EAGAIN, error);
                        break;
                    }

                    Assert.True(data.AsSpan(received[i], count).SequenceEqual(buffer.AsSpan(0, count)), $"wrong bytes at {received[i]}");
                    received[i] += count;
                }
            }

            return sent.Sum() + received.Sum() != before;
        }
    }

    /// <summary>Closes everything and waits until nothing is left.</summary>
    public void Close()
    {
        Client.Close();
        Server.Close();
        Listener.Close();
        AssertEmpty(World);
    }

    public static void AssertEmpty(World world)
    {
        world.Until(() => world.A.Census.Connections + world.B.Census.Connections == 0);
        world.Pass(300 * World.Second);
        Assert.Equal(default, world.A.Census);
        Assert.Equal(default, world.B.Census);
        Assert.Equal(long.MaxValue, world.A.NextDeadline);
    }
}
