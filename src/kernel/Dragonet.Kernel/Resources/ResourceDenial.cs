namespace Dragonet.Kernel;

/// <summary>What "deny" means for a resource.</summary>
public enum ResourceDenial
{
    /// <summary>Nothing: what is used is used (EOPNOTSUPP).</summary>
    Never,

    /// <summary>The call that wants more fails.</summary>
    Always,

    /// <summary>The host refuses each process by itself, so there are rules for processes only.</summary>
    EachProcess,

    /// <summary>The worst process is killed.</summary>
    Kills,

    /// <summary>The jail does not run for a while; there are rules for jails only.</summary>
    WholeJail,

    /// <summary>Nothing; but "throttle" makes callers wait.</summary>
    Throttles,
}
