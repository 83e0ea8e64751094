namespace Dragonet.Kernel;

/// <summary>The actions of rctl(8).</summary>
public enum ResourceActionKind
{
    /// <summary>Whoever wants more does not get it.</summary>
    Deny,

    /// <summary>A line in the kernel's log.</summary>
    Log,

    /// <summary>An event, for those who watch (on FreeBSD: devd(8)).</summary>
    Event,

    /// <summary>A signal to the process that wanted more.</summary>
    Signal,

    /// <summary>Whoever transfers more waits.</summary>
    Throttle,
}
