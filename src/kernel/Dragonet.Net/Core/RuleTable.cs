namespace Dragonet.Net;

/// <summary>The rules of a stack, which say in which tables routes are looked for. It begins with those of Linux: the stack's own addresses first
/// (which this stack does anyway), then the tables "main" and, for IPv4, "default".</summary>
public sealed class RuleTable
{
    private const uint LocalTable = 255, DefaultTable = 253;
    private const byte KernelProtocol = 2;

    // By priority.
    private readonly List<RouteRule> _rules =
    [
        new(true, 0, LocalTable) { Protocol = KernelProtocol }, new(false, 0, LocalTable) { Protocol = KernelProtocol },
        new(true, 32766, Route.MainTable) { Protocol = KernelProtocol }, new(false, 32766, Route.MainTable) { Protocol = KernelProtocol },
        new(true, 32767, DefaultTable) { Protocol = KernelProtocol },
    ];

    /// <summary>All of them: IPv4 first, each family in the order in which they are looked at.</summary>
    public IEnumerable<RouteRule> All => _rules.OrderByDescending(static rule => rule.IsV4).ThenBy(static rule => rule.Priority);

    /// <summary>Nobody has changed them: the main table is all there is.</summary>
    public bool IsPlain { get; private set; } = true;

    /// <summary>The priority that a new rule gets: in front of all but the first (fib_default_rule_pref of Linux).</summary>
    public uint NextPriority(bool isV4) => _rules.Where(rule => rule.IsV4 == isV4).Select(static rule => rule.Priority).Order().Skip(1).FirstOrDefault() is > 0 and var second ? second - 1 : 0;

    /// <summary>Adds a rule behind those of its priority.</summary>
    public void Add(RouteRule rule)
    {
        var at = _rules.FindIndex(other => other.Priority > rule.Priority);
        _rules.Insert(at < 0 ? _rules.Count : at, rule);
        IsPlain = false;
    }

    /// <summary>Removes a rule.</summary>
    public void Remove(RouteRule rule)
    {
        _ = _rules.RemoveAll(other => ReferenceEquals(other, rule));
        IsPlain = false;
    }

    /// <summary>True for a rule that goes nowhere, as nobody has the priority it names (FIB_RULE_UNRESOLVED).</summary>
    public bool IsUnresolved(RouteRule rule) => rule.Target is not null && FindTarget(rule) < 0;

    private int FindTarget(RouteRule rule) => _rules.FindIndex(other => other.IsV4 == rule.IsV4 && other.Priority == rule.Target);

    /// <summary>The route to a destination.</summary>
    /// <param name="routes">The routes.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="only">Only through this interface, or null.</param>
    /// <param name="query">What else rules look at.</param>
    /// <param name="kind">When there is none: what a rule has said of the packet.</param>
    internal Route? Find(RouteTable routes, IPAddress destination, Interface? only, in RouteQuery query, out RouteKind kind)
    {
        kind = RouteKind.Unicast;
        if (IsPlain)
        {
            return routes.Find(destination, only);
        }

        for (var at = 0; at < _rules.Count; at++)
        {
            var rule = _rules[at];
            if (rule.IsV4 != destination.IsV4 || rule.IsNop || !rule.Fits(destination, query, only))
            {
                continue;
            }

            if (rule.Target is not null)
            {
                at = FindTarget(rule) is > 0 and var there ? there - 1 : at; // always forward, so this ends
                continue;
            }

            if (rule.Kind != RouteKind.Unicast)
            {
                kind = rule.Kind;
                return null;
            }

            if (routes.Find(destination, only, rule.Table) is { } route && route.Destination.Length > rule.SuppressedLength)
            {
                return route;
            }
        }

        return null;
    }
}
