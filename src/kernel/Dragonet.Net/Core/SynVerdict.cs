namespace Dragonet.Net;

/// <summary>What an <see cref="IInterceptor"/> says to a call.</summary>
public enum SynVerdict
{
    /// <summary>Nothing yet: <see cref="Stack.AnswerSyn"/> will say.</summary>
    Wait,

    /// <summary>The connection is taken; it comes out of <see cref="Stack.Intercepted"/>.</summary>
    Accept,

    /// <summary>Nobody listens there: a reset.</summary>
    Reset,

    /// <summary>Silence, as from a host that is down.</summary>
    Ignore,

    /// <summary>There is no way to that network.</summary>
    NetworkUnreachable,

    /// <summary>There is no way to that host.</summary>
    HostUnreachable,

    /// <summary>It is not allowed (RFC 1812, section 5.2.7.1: communication administratively prohibited).</summary>
    Prohibited,
}
