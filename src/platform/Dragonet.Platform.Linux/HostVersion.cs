namespace Dragonet.Platform.Linux;

/// <summary>The host kernel's version.</summary>
public static class HostVersion
{
    /// <summary>Major and minor, from uname(2).</summary>
    public static Version Current { get; } = Environment.OSVersion.Version;
}
