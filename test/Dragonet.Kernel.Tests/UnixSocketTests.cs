using Dragonet.Abi;
using Dragonet.Base;
using Xunit;

namespace Dragonet.Kernel.Tests;

public sealed class UnixSocketTests : IDisposable
{
    private readonly World _world = new();
    private readonly Task _task;

    public UnixSocketTests() => _task = _world.NewTask();

    public void Dispose() => _world.Dispose();

    private (SocketFile First, SocketFile Second) Pair(SocketType type) =>
        _world.Kernel.Sockets.Unix.CreatePair(_task, type, 0, OpenFlags.O_RDONLY).Value;

    private SocketFile New(SocketType type) => _world.Kernel.Sockets.Unix.Create(_task, type, 0, OpenFlags.O_RDONLY).Value;

    private static byte[] Abstract(string name) => [1, 0, 0, .. ByteString.ToBytes(name)];

    private Result<int> Send(SocketFile socket, ReadOnlySpan<byte> data, params SocketFile[] rights) =>
        socket.Send(_task, data, new SendRequest(MsgFlags.None, null, rights));

    private Result<int> Receive(SocketFile socket, Span<byte> buffer, out Received received, MsgFlags flags = MsgFlags.None) =>
        socket.Receive(_task, buffer, flags, out received);

    [Fact]
    public void A_stream_merges_and_messages_do_not()
    {
        var buffer = new byte[16];
        var (a, b) = Pair(SocketType.SOCK_STREAM);
        _ = Send(a, "ab"u8);
        _ = Send(a, "cd"u8);
        Assert.Equal(4, Receive(b, buffer, out _).Value);
        Assert.Equal(Errno.EAGAIN, Receive(b, buffer, out _).Error);
        (a, b) = Pair(SocketType.SOCK_SEQPACKET);
        _ = Send(a, "abcd"u8);
        _ = Send(a, "e"u8);
        Assert.Equal(2, Receive(b, buffer.AsSpan(0, 2), out var received).Value);
        Assert.Equal((4, MsgFlags.MSG_TRUNC), (received.FullLength, received.Flags));
        Assert.Equal(1, Receive(b, buffer, out _, MsgFlags.MSG_PEEK).Value);
        Assert.Equal(1, Receive(b, buffer, out _).Value);
    }

    [Fact]
    public void Closing_ends_a_stream()
    {
        var (a, b) = Pair(SocketType.SOCK_STREAM);
        _ = Send(a, "x"u8);
        a.Release();
        Assert.Equal(1, Receive(b, new byte[4], out _).Value);
        Assert.Equal(0, Receive(b, new byte[4], out _).Value);
        Assert.Equal(Errno.EPIPE, Send(b, "y"u8).Error);
        Assert.True((b.Poll(null) & (PollEvents.POLLHUP | PollEvents.POLLRDHUP)) == (PollEvents.POLLHUP | PollEvents.POLLRDHUP));
    }

    [Fact]
    public void Unread_data_resets_the_connection()
    {
        var (a, b) = Pair(SocketType.SOCK_STREAM);
        _ = Send(b, "unread"u8);
        a.Release();
        Assert.Equal(Errno.ECONNRESET, Receive(b, new byte[4], out _).Error);
        Assert.Equal(0, Receive(b, new byte[4], out _).Value);
    }

    [Fact]
    public void Callers_connect_are_accepted_and_refused()
    {
        var listener = New(SocketType.SOCK_STREAM);
        var name = Abstract("service");
        Assert.Equal(Errno.ECONNREFUSED, New(SocketType.SOCK_STREAM).Connect(_task, name));
        Assert.Equal(Errno.EINVAL, listener.Listen(_task, 0));
        Assert.Equal(Errno.OK, listener.Bind(_task, name));
        Assert.Equal(Errno.EADDRINUSE, New(SocketType.SOCK_STREAM).Bind(_task, name));
        Assert.Equal(Errno.OK, listener.Listen(_task, 0));
        Assert.Equal(Errno.EAGAIN, listener.Accept(_task, OpenFlags.O_RDONLY).Error);
        var caller = New(SocketType.SOCK_STREAM);
        Assert.Equal(Errno.OK, caller.Connect(_task, name));
        Assert.Equal(Errno.EISCONN, caller.Connect(_task, name));
        Assert.Equal(Errno.EAGAIN, New(SocketType.SOCK_STREAM).Connect(_task, name));
        _ = Send(caller, "hi"u8);
        var accepted = listener.Accept(_task, OpenFlags.O_RDONLY).Value;
        Assert.Equal(2, Receive(accepted, new byte[4], out _).Value);
        Assert.Equal(name, caller.GetPeerName().Value);
        listener.Release();
        Assert.Equal(Errno.ECONNREFUSED, New(SocketType.SOCK_STREAM).Connect(_task, name));
    }

    [Fact]
    public void Datagrams_carry_their_senders_name()
    {
        var server = New(SocketType.SOCK_DGRAM);
        var client = New(SocketType.SOCK_DGRAM);
        Assert.Equal(Errno.OK, server.Bind(_task, Abstract("server")));
        Assert.Equal(Errno.OK, client.Bind(_task, Abstract("client")));
        Assert.Equal(Errno.ENOTCONN, Send(client, "x"u8).Error);
        Assert.Equal(0, client.Send(_task, [], new SendRequest(MsgFlags.None, Abstract("server"))).Value);
        Assert.Equal(0, Receive(server, new byte[4], out var received).Value);
        Assert.Equal(Abstract("client"), received.Address);
        Assert.Equal(Errno.EMSGSIZE, client.Send(_task, new byte[1 << 20], new SendRequest(MsgFlags.None, Abstract("server"))).Error);
    }

    [Fact]
    public void Files_are_passed_with_their_references()
    {
        var (a, b) = Pair(SocketType.SOCK_STREAM);
        var (file, other) = Pair(SocketType.SOCK_STREAM);
        _ = Send(a, "ab"u8);
        _ = Send(a, "m"u8, file);
        _ = Send(a, "cd"u8);
        Assert.Equal(2, file.References);
        Assert.Equal(3, Receive(b, new byte[8], out var received).Value);
        Assert.Same(file, Assert.Single(received.Rights!));
        Assert.Equal(2, Receive(b, new byte[8], out received).Value);
        Assert.Null(received.Rights);
        file.Release();
        _ = Send(a, "m"u8, other);
        a.Release();
        b.Release();
        Assert.Equal(1, other.References);
    }

    [Fact]
    public void Sockets_that_only_hold_each_other_are_collected()
    {
        var (a, b) = Pair(SocketType.SOCK_STREAM);
        _ = Send(a, "x"u8, a);
        _ = Send(b, "x"u8, b);
        var files = _task.Files;
        var first = files.Install(_task, a, closeOnExec: false).Value;
        var second = files.Install(_task, b, closeOnExec: false).Value;
        Assert.Equal(Errno.OK, files.Close(first));
        Assert.True(a.References > 0);
        Assert.Equal(Errno.OK, files.Close(second));
        Assert.Equal(0, a.References);
        Assert.Equal(0, b.References);
    }
}
