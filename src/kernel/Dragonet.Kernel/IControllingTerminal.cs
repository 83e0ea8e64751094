namespace Dragonet.Kernel;

/// <summary>A terminal as sessions see it.</summary>
public interface IControllingTerminal
{
    /// <summary>Device number (st_rdev), for /proc/PID/stat.</summary>
    ulong Device { get; }

    /// <summary>The foreground process group, or null.</summary>
    ProcessGroup? Foreground { get; }

    /// <summary>The session leader exited: SIGHUP and SIGCONT to the foreground group, further I/O answers EIO.</summary>
    void Disassociate();
}
