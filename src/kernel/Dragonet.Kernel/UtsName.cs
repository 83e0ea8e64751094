namespace Dragonet.Kernel;

/// <summary>What uname(2) tells. Each name is replaced as a whole.</summary>
public sealed class UtsName
{
    private volatile string _nodeName = "dragonet";
    private volatile string _domainName = "(none)";

    /// <summary>The release that programs may rely on: they look at it to choose system calls.</summary>
    public const string Release = "6.12.0-dragonet";

    /// <summary>Build string.</summary>
    public const string Version = "#1 SMP PREEMPT_DYNAMIC Dragonet";

    /// <summary>The release that uname(2) tells here.</summary>
    public string OsRelease { get; internal set; } = Release;

    public string NodeName { get => _nodeName; set => _nodeName = value; }

    public string DomainName { get => _domainName; set => _domainName = value; }
}
