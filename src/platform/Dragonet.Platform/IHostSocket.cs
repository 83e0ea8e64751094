using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform;

/// <summary>A socket of the host. It never blocks: what cannot proceed answers EAGAIN. One caller at a time.</summary>
public interface IHostSocket : IDisposable
{
    /// <summary>The address that it has here.</summary>
    HostEndpoint Local { get; }

    /// <summary>Calls back, on a thread of the platform, each time that something becomes possible; at once for what is possible now. It says
    /// so once: who wants to be told again uses the socket until EAGAIN. Once, after connect or listen.</summary>
    void Watch(Action<PollEvents> changed);

    /// <summary>bind(2).</summary>
    Errno Bind(HostEndpoint local);

    /// <summary>connect(2): EINPROGRESS for TCP; the result comes with POLLOUT and <see cref="TakeError"/>.</summary>
    Errno Connect(HostEndpoint remote);

    /// <summary>listen(2).</summary>
    Errno Listen(int backlog);

    /// <summary>accept(2).</summary>
    Result<IHostSocket> Accept(out HostEndpoint peer);

    /// <summary>send(2).</summary>
    Result<int> Send(ReadOnlySpan<byte> data);

    /// <summary>sendto(2).</summary>
    Result<int> SendTo(ReadOnlySpan<byte> data, HostEndpoint to);

    /// <summary>recv(2): 0 at the end of a stream.</summary>
    Result<int> Receive(Span<byte> destination);

    /// <summary>recvfrom(2).</summary>
    Result<int> ReceiveFrom(Span<byte> destination, out HostEndpoint from);

    /// <summary>SO_ERROR.</summary>
    Errno TakeError();

    /// <summary>shutdown(2) of the way out: the peer sees the end of the stream.</summary>
    void FinishSending();

    /// <summary>Closes it with a reset (SO_LINGER with a time of 0).</summary>
    void Abort();
}
