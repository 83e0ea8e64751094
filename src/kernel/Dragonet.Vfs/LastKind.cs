namespace Dragonet.Vfs;

/// <summary>What the last component of a path is.</summary>
internal enum LastKind
{
    /// <summary>A name.</summary>
    Name,

    /// <summary>"." or an empty rest ("/").</summary>
    Dot,

    /// <summary>"..".</summary>
    DotDot,
}
