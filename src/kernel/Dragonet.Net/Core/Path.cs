namespace Dragonet.Net;

/// <summary>How to reach a destination.</summary>
/// <param name="Interface">Out of which interface.</param>
/// <param name="NextHop">To whom on its link.</param>
/// <param name="Source">The address to use when the sender has none.</param>
/// <param name="Metrics">What the route says of packets, or null.</param>
public readonly record struct Path(Interface Interface, IPAddress NextHop, IPAddress Source, RouteMetrics? Metrics = null)
{
    private const int LeastMtu = 68; // RFC 791, section 3.2

    /// <summary>How long packets may be.</summary>
    public int Mtu => Metrics is { Mtu: > 0 } metrics ? Math.Min(Math.Max(metrics.Mtu, LeastMtu), Interface.Mtu) : Interface.Mtu;

    /// <summary>Nothing is to be found out about <see cref="Mtu"/>.</summary>
    public bool LocksMtu => Metrics is { LocksMtu: true };
}
