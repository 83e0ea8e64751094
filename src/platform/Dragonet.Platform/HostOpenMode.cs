namespace Dragonet.Platform;

/// <summary>How a file of the host is opened.</summary>
[Flags]
public enum HostOpenMode
{
    Read = 1,
    Write = 2,

    /// <summary>Every write goes to the end.</summary>
    Append = 4,

    /// <summary>The file must not exist; it is created.</summary>
    CreateNew = 8,

    /// <summary>Writes reach stable storage before they are answered (O_SYNC).</summary>
    Sync = 16,
}
