namespace Dragonet.Net;

/// <summary>Where a walk over IPv6 extension headers ended.</summary>
internal enum ExtensionWalk
{
    /// <summary>At the payload.</summary>
    Done,

    /// <summary>Behind a fragment header.</summary>
    Fragment,

    /// <summary>At something that no packet may have.</summary>
    Broken,
}
