using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dragonet.Guest.Tests;

/// <summary>A small server of names for tests: A records, NXDOMAIN for what it does not know.</summary>
internal sealed class NameServer : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    internal NameServer()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        new Thread(Serve) { IsBackground = true }.Start();
    }

    internal int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    internal System.Collections.Concurrent.ConcurrentDictionary<string, string[]> Records { get; } = new();

    internal System.Collections.Concurrent.ConcurrentBag<string> Asked { get; } = [];

    public void Dispose() => _socket.Dispose();

    private void Serve()
    {
        var buffer = new byte[2000];
        while (true)
        {
            try
            {
                EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                var count = _socket.ReceiveFrom(buffer, ref from);
                _ = _socket.SendTo(Answer(buffer.AsSpan(0, count)), from);
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private byte[] Answer(ReadOnlySpan<byte> query)
    {
        var at = 12;
        var name = new StringBuilder();
        for (; query[at] != 0; at += 1 + query[at])
        {
            _ = name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(query.Slice(at + 1, query[at])));
        }

        Asked.Add(name.ToString());
        var isAddress = query[at + 2] == 1;
        var known = Records.TryGetValue(name.ToString(), out var addresses);
        var message = query[..(at + 5)].ToArray().ToList();
        var records = known && isAddress ? addresses! : [];
        (message[2], message[3], message[7], message[11]) = (0x81, (byte)(known ? 0x80 : 0x83), (byte)records.Length, 0);
        foreach (var address in records)
        {
            message.AddRange([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, .. IPAddress.Parse(address).GetAddressBytes()]);
        }

        return [.. message];
    }
}
