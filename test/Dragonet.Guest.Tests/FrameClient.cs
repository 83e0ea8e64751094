using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A client of a switch that is no kernel: a socket of packets.</summary>
internal sealed class FrameClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified) { ReceiveTimeout = 30_000, SendTimeout = 30_000 };

    internal FrameClient(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    internal void Send(byte[] frame) => Assert.Equal(frame.Length, _socket.Send(frame));

    /// <summary>False when the switch has hung up.</summary>
    internal bool TrySend(byte[] frame)
    {
        try
        {
            return _socket.Send(frame) == frame.Length;
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.Shutdown or SocketError.ConnectionReset or SocketError.ConnectionAborted)
        {
            return false;
        }
    }

    internal byte[] Receive()
    {
        var buffer = new byte[10_000];
        return buffer[.._socket.Receive(buffer)];
    }

    /// <summary>Says something beside frames, and returns the answer's lines.</summary>
    internal string[] Say(params string[] lines)
    {
        Send(Message(string.Join('\n', lines)));
        var answer = Encoding.UTF8.GetString(Receive().AsSpan(14));
        Assert.StartsWith("dragonet switch\n", answer, StringComparison.Ordinal);
        return answer.Split('\n')[1..];
    }

    internal static byte[] Message(string text) => [0x01, 0x80, 0xc2, 0, 0, 0x0e, 0, 0, 0, 0, 0, 0, 0x88, 0xb5, .. "dragonet switch\n"u8, .. Encoding.UTF8.GetBytes(text)];

    public void Dispose() => _socket.Dispose();
}
