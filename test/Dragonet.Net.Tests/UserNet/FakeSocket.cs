using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Net.Tests.UserNet;

/// <summary>A socket of the host: the test is the other side.</summary>
internal sealed class FakeSocket(HostSocketKind kind) : IHostSocket
{
    private Action<PollEvents>? _changed;
    private Errno _error;

    public HostSocketKind Kind => kind;

    /// <summary>Where it was connected to.</summary>
    public HostEndpoint Remote { get; private set; }

    public HostEndpoint Local => default;

    /// <summary>What was sent, for datagrams one by one.</summary>
    public List<byte[]> Sent { get; } = [];

    /// <summary>Bytes that it takes before it says EAGAIN.</summary>
    public int Room { get; set; } = int.MaxValue;

    /// <summary>What it is going to give: parts of a stream, or datagrams.</summary>
    public Queue<byte[]> Incoming { get; } = new();

    /// <summary>Connections that wait to be accepted.</summary>
    public Queue<FakeSocket> Callers { get; } = new();

    public Errno ConnectError { get; set; } = kind == HostSocketKind.Stream ? Errno.EINPROGRESS : Errno.OK;

    public bool IsEnded { get; set; }

    public bool IsSendingFinished { get; private set; }

    public bool IsAborted { get; private set; }

    public bool IsClosed { get; private set; }

    public byte[] Stream => [.. Sent.SelectMany(part => part)];

    /// <summary>Says that something changed.</summary>
    public void Tell(PollEvents events, Errno error = Errno.OK)
    {
        _error = error;
        _changed?.Invoke(events);
    }

    public void Give(params byte[][] parts)
    {
        foreach (var part in parts)
        {
            Incoming.Enqueue(part);
        }

        Tell(PollEvents.POLLIN);
    }

    public void End()
    {
        IsEnded = true;
        Tell(PollEvents.POLLIN | PollEvents.POLLRDHUP);
    }

    public void Watch(Action<PollEvents> changed) => _changed = changed;

    public Errno Bind(HostEndpoint local) => Errno.OK;

    public Errno Connect(HostEndpoint remote)
    {
        Remote = remote;
        return ConnectError;
    }

    public Errno Listen(int backlog) => Errno.OK;

    public Result<IHostSocket> Accept(out HostEndpoint peer)
    {
        peer = default;
        return Callers.TryDequeue(out var caller) ? Result<IHostSocket>.Of(caller) : Errno.EAGAIN;
    }

    public Result<int> Send(ReadOnlySpan<byte> data)
    {
        if (_error != Errno.OK)
        {
            return TakeError();
        }

        var count = Math.Min(data.Length, Room);
        if (count == 0)
        {
            return Errno.EAGAIN;
        }

        Room -= Room == int.MaxValue ? 0 : count;
        Sent.Add(data[..count].ToArray());
        return count;
    }

    public Result<int> SendTo(ReadOnlySpan<byte> data, HostEndpoint to)
    {
        Remote = to;
        return Send(data);
    }

    public Result<int> Receive(Span<byte> destination)
    {
        if (_error != Errno.OK)
        {
            return TakeError();
        }

        if (!Incoming.TryPeek(out var part))
        {
            return IsEnded ? 0 : Errno.EAGAIN;
        }

        _ = Incoming.Dequeue();
        var count = Math.Min(part.Length, destination.Length);
        part.AsSpan(0, count).CopyTo(destination);
        if (count < part.Length && kind == HostSocketKind.Stream)
        {
            var rest = Incoming.ToArray();
            Incoming.Clear();
            Incoming.Enqueue(part[count..]);
            foreach (var other in rest)
            {
                Incoming.Enqueue(other);
            }
        }

        return count;
    }

    public Result<int> ReceiveFrom(Span<byte> destination, out HostEndpoint from)
    {
        from = new HostEndpoint(0, 0xffff_c000_0209, 7777); // 192.0.2.9
        return Receive(destination);
    }

    public Errno TakeError()
    {
        var error = _error;
        _error = Errno.OK;
        return error;
    }

    public void FinishSending() => IsSendingFinished = true;

    public void Abort()
    {
        IsAborted = true;
        Dispose();
    }

    public void Dispose() => IsClosed = true;
}
