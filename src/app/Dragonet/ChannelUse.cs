namespace Dragonet;

/// <summary>When guests pass system calls through shared memory to a thread that spins, instead of stopping in the host for each.</summary>
public enum ChannelUse
{
    /// <summary>Served at once by a spinning thread while a processor is idle, else when the guest rings.</summary>
    WhenIdle,

    /// <summary>Only when the guest rings: for tests of the bell, and where no processor is to be burnt.</summary>
    ByBell,

    /// <summary>Always at once: for tests of the channel itself, and where the machine is known to be free.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}
