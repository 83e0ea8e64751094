namespace Dragonet.Kernel;

/// <summary>What happened to a jail.</summary>
public enum JailEvent
{
    /// <summary>It was made.</summary>
    Created,

    /// <summary>A parameter changed.</summary>
    Modified,

    /// <summary>Its last process has ended; it may have new ones.</summary>
    Empty,

    /// <summary>It was removed: its processes are being killed.</summary>
    Removed,

    /// <summary>Nothing is left of it.</summary>
    Gone,
}
