namespace Dragonet.Net;

/// <summary>The routes of a stack, longest prefix first (RFC 1812, section 5.2.4.3).</summary>
public sealed class RouteTable
{
    private readonly List<Route> _routes = [];

    /// <summary>All of them, in the order in which they are tried.</summary>
    public IReadOnlyList<Route> All => _routes;

    /// <summary>Adds a route.</summary>
    public void Add(Route route)
    {
        var at = _routes.FindIndex(other =>
            other.Destination.Length < route.Destination.Length || (other.Destination.Length == route.Destination.Length && other.Metric > route.Metric));
        _routes.Insert(at < 0 ? _routes.Count : at, route);
    }

    /// <summary>Removes the first route to a network through an interface.</summary>
    public bool Remove(Prefix destination, Interface through)
    {
        var at = _routes.FindIndex(route => route.Destination == destination && route.Interface == through);
        if (at >= 0)
        {
            _routes.RemoveAt(at);
        }

        return at >= 0;
    }

    /// <summary>Removes all routes through an interface.</summary>
    public void RemoveAll(Interface through) => _ = _routes.RemoveAll(route => route.Interface == through);

    /// <summary>The route to an address, or null (ENETUNREACH).</summary>
    /// <param name="destination">The address.</param>
    /// <param name="only">Only through this interface, or null.</param>
    public Route? Find(IPAddress destination, Interface? only = null)
    {
        foreach (var route in _routes)
        {
            if (route.Interface.IsUp && (only is null || route.Interface == only) && route.Destination.Contains(destination))
            {
                return route;
            }
        }

        return null;
    }
}
