using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Our stack and the host's Linux stack talk over a TAP device, both ways, both families.</summary>
public sealed class LinuxPeerTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    [InlineData(0.03)]
    public void Everything_arrives(double trouble)
    {
        using var peer = LinuxPeer.Start(trouble);
        var listener = Pair.Listen(peer.Stack, 80, v6: true);
        var served = new List<(TcpSocket Socket, byte[] Left)>();

        // The peer calls first; each caller gets back what it sends.
        peer.Until(() =>
        {
            while (listener.Accept().Ok(out var caller))
            {
                served.Add((caller, []));
            }

            for (var i = served.Count - 1; i >= 0; i--)
            {
                served[i] = (served[i].Socket, Echo(served[i].Socket, served[i].Left));
            }

            return peer.Reports.Contains("done") || peer.Reports.Any(report => report.Contains("Error", StringComparison.Ordinal));
        });
        Assert.Equal(["same", "same", "done"], peer.Reports);

        foreach (var v6 in new[] { false, true })
        {
            Call(peer, v6);
            Datagrams(peer, v6, trouble == 0);
        }

        Assert.Equal(0, trouble > 0 ? 0 : peer.Stack.Counters.TcpInErrors + peer.Stack.Counters.IPInHeaderErrors);
    }

    private static Endpoint Peer(bool v6) => new(IPAddress.Parse(v6 ? "fd09::1" : "10.9.0.1"), 7);

    private static byte[] Echo(TcpSocket socket, byte[] rest)
    {
        var buffer = new byte[32768];
        while (true)
        {
            if (rest.Length == 0)
            {
                if (!socket.Receive(buffer).Ok(out var count))
                {
                    return rest;
                }

                if (count == 0)
                {
                    _ = socket.Shutdown(read: false, write: true);
                    return rest;
                }

                rest = buffer[..count];
            }

            if (!socket.Send(rest).Ok(out var sent))
            {
                return rest;
            }

            rest = rest[sent..];
        }
    }

    private static void Call(LinuxPeer peer, bool v6)
    {
        var data = new byte[1_000_000];
        new Random(1).NextBytes(data);
        var received = new byte[data.Length];
        var (sent, count) = (0, 0);
        var client = peer.Stack.CreateTcp(v6);
        Assert.Equal(Errno.EINPROGRESS, client.Connect(Peer(v6)));
        peer.Until(() =>
        {
            sent += sent < data.Length && client.Send(data.AsSpan(sent)).Ok(out var some) ? some : 0;
            while (count < received.Length && client.Receive(received.AsSpan(count)).Ok(out some) && some > 0)
            {
                count += some;
            }

            return count == received.Length;
        }, () => $"; {(v6 ? "IPv6" : "IPv4")}, {client.GetInfo()}, {sent} bytes sent, {count} received");
        Assert.Equal(data, received);
        _ = client.Shutdown(read: false, write: true);
        peer.Until(() => client.State == TcpState.TimeWait, () => $"; {(v6 ? "IPv6" : "IPv4")}, {client.State}");
        client.Close();
    }

    private static void Datagrams(LinuxPeer peer, bool v6, bool isReliable)
    {
        var socket = peer.Stack.CreateUdp(v6);
        var buffer = new byte[70000];
        foreach (var size in isReliable ? new[] { 1, 1472, 5000, 60000 } : [])
        {
            var data = new byte[size];
            new Random(size).NextBytes(data);
            Assert.Equal(size, socket.Send(data, Peer(v6)).Value);
            peer.Until(() => (socket.Poll() & PollEvents.POLLIN) != 0);
            Assert.Equal(size, socket.Receive(buffer, peek: false, out _).Value);
            Assert.True(data.AsSpan().SequenceEqual(buffer.AsSpan(0, size)));
        }

        socket.Close();
    }
}
