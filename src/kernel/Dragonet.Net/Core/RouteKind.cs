namespace Dragonet.Net;

/// <summary>What is done with packets to a network (ip-route(8)).</summary>
public enum RouteKind
{
    /// <summary>They are sent.</summary>
    Unicast,

    /// <summary>They are dropped without a word.</summary>
    Blackhole,

    /// <summary>They are dropped, and the sender is told that there is no way.</summary>
    Unreachable,

    /// <summary>They are dropped, and the sender is told that it is forbidden.</summary>
    Prohibit,
}
