namespace Dragonet.Net;

/// <summary>The routes of a stack, of all tables, longest prefix first (RFC 1812, section 5.2.4.3).</summary>
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

    /// <summary>Removes the first route to a network through an interface, with this source when one is given.</summary>
    public bool Remove(Prefix destination, Interface through, IPAddress? source = null)
    {
        var at = _routes.FindIndex(route => route.Destination == destination && route.Interface == through && (source is null || route.Source == source));
        if (at >= 0)
        {
            _routes.RemoveAt(at);
        }

        return at >= 0;
    }

    /// <summary>Removes one route.</summary>
    public bool Remove(Route route)
    {
        var at = _routes.FindIndex(other => ReferenceEquals(other, route));
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
    /// <param name="table">In this table.</param>
    public Route? Find(IPAddress destination, Interface? only = null, uint table = Route.MainTable)
    {
        foreach (var route in _routes)
        {
            var isOpen = route.Kind != RouteKind.Unicast || (route.Interface.IsUp && (only is null || route.Interface == only));
            if (isOpen && route.Table == table && route.Destination.Contains(destination))
            {
                return route;
            }
        }

        return null;
    }
}
