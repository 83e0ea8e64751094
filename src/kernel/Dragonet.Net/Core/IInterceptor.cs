namespace Dragonet.Net;

/// <summary>
/// Answers, through a stack, for every address that is not the stack's own: what a gateway in one process needs that carries connections on
/// by other means (<see cref="StackOptions.Interceptor"/>). It is called while packets go through the stack, so it only notes what came.
/// </summary>
public interface IInterceptor
{
    /// <summary>Somebody calls an address or port that nobody listens on. The same call comes again when the answer was to wait.</summary>
    SynVerdict OnSyn(Endpoint from, Endpoint to);

    /// <summary>A call that was accepted came to nothing: the caller has gone, or says nothing more.</summary>
    void OnDropped(Endpoint from, Endpoint to);

    /// <summary>A datagram for nobody here.</summary>
    void OnDatagram(Endpoint from, Endpoint to, ReadOnlySpan<byte> data);

    /// <summary>An echo request to somebody else: the whole ICMP message.</summary>
    void OnEcho(IPAddress from, IPAddress to, ReadOnlySpan<byte> message);
}
