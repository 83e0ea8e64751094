namespace Dragonet.Net;

/// <summary>One line of /proc/net/tcp.</summary>
/// <param name="State">Its state.</param>
/// <param name="Local">This side.</param>
/// <param name="Remote">The other side; all zero for a listener.</param>
/// <param name="SendQueue">Bytes not acknowledged.</param>
/// <param name="ReceiveQueue">Bytes not read, or connections not accepted.</param>
/// <param name="IsV6">Whether the socket is of AF_INET6.</param>
/// <param name="Socket">The socket, or null.</param>
/// <param name="Owner">The user who made it.</param>
/// <param name="Retransmits">Expirations of the retransmission timer in a row.</param>
public readonly record struct TcpEntry(TcpState State, Endpoint Local, Endpoint Remote, int SendQueue, int ReceiveQueue, bool IsV6, TcpSocket? Socket, uint Owner, int Retransmits)
{
    /// <summary>Which timer runs: 0 none, 1 retransmission, 2 keep-alive, 3 TIME-WAIT, 4 zero-window probes.</summary>
    public byte Timer { get; init; }

    /// <summary>The addresses that the socket is restricted to; null for all.</summary>
    public AddressSet? Addresses { get; init; }

    /// <summary>How long it runs yet, in nanoseconds.</summary>
    public long TimeLeft { get; init; }

    internal static TcpEntry Of(TcpSocket listener) =>
        new(TcpState.Listen, listener.Local, new Endpoint(listener.IsV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0), listener.Backlog, listener.PendingCount, listener.IsV6, listener, listener.Settings.Owner, 0) { Addresses = listener.Settings.Addresses };

    internal static TcpEntry Of(TcpConnection connection)
    {
        var (timer, left) = connection.DescribeTimer();
        return new(
            connection.State, connection.Local, connection.Remote, connection.OutgoingCount, connection.IncomingCount,
            connection.Socket?.IsV6 ?? connection.IsV6Socket, connection.Socket, connection.Settings.Owner, connection.Expirations) { Timer = timer, TimeLeft = left, Addresses = connection.Settings.Addresses };
    }
}
