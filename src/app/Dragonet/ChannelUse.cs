namespace Dragonet;

/// <summary>When guests pass system calls through shared memory to a thread that spins, instead of stopping in the host for each.</summary>
public enum ChannelUse
{
    /// <summary>While a processor is idle.</summary>
    WhenIdle,

    /// <summary>Always: for tests of the channel itself, and where the machine is known to be free.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}
