namespace Dragonet.Vfs;

/// <summary>How a path is walked.</summary>
[Flags]
public enum WalkFlags
{
    None = 0,

    /// <summary>A symbolic link as the last component is followed.</summary>
    Follow = 1,

    /// <summary>An empty path is the base itself (AT_EMPTY_PATH).</summary>
    Empty = 2,

    /// <summary>The result must be a directory.</summary>
    Directory = 4,

    /// <summary>RESOLVE_NO_XDEV.</summary>
    NoCrossing = 8,

    /// <summary>RESOLVE_NO_MAGICLINKS.</summary>
    NoMagicLinks = 16,

    /// <summary>RESOLVE_NO_SYMLINKS.</summary>
    NoSymbolicLinks = 32,

    /// <summary>RESOLVE_BENEATH.</summary>
    Beneath = 64,

    /// <summary>RESOLVE_IN_ROOT.</summary>
    InRoot = 128,

    /// <summary>Names are looked up under their directory's lock, so that a change that is being made is waited for.</summary>
    Settled = 256,
}
