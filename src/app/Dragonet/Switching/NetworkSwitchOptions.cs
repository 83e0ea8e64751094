namespace Dragonet.Switching;

/// <summary>How a <see cref="NetworkSwitch"/> works.</summary>
public sealed class NetworkSwitchOptions
{
    /// <summary>Where its socket is.</summary>
    public required string Path { get; init; }

    /// <summary>A group whose members may connect, too; null for this user alone.</summary>
    public uint? Group { get; init; }

    /// <summary>A TAP device of the host that is a port, too.</summary>
    public string? Tap { get; init; }

    /// <summary>Every frame goes to everybody.</summary>
    public bool IsHub { get; init; }

    /// <summary>Senders are not checked.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Whether kernels may have jails and others behind them.</summary>
    public bool AllowsTrunks { get; init; } = true;

    /// <summary>Most ports.</summary>
    public int MaxPorts { get; init; } = 1000;

    /// <summary>What every link does to frames, as in "delay=20ms loss=1% seed=7"; null for good links.</summary>
    public string? Impairment { get; init; }

    /// <summary>A file for what it says; the process then leaves the terminal that it was started on. Null for standard error.</summary>
    public string? Log { get; init; }

    /// <summary>A descriptor of the old output that stays open when there is a <see cref="Log"/>.</summary>
    public System.Runtime.InteropServices.SafeHandle? Kept { get; init; }

    /// <summary>The process gives up what a switch does not need, for good. For one that does nothing else.</summary>
    public bool ConfineProcess { get; init; }
}
