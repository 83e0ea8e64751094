namespace Dragonet.Net;

/// <summary>What a frame for a group is to a bridge that snoops.</summary>
internal enum GroupFrameKind
{
    /// <summary>Data for the group.</summary>
    Data,

    /// <summary>A message about groups that is damaged.</summary>
    Broken,

    /// <summary>A router asks who is there.</summary>
    Query,

    /// <summary>Somebody wants a group (IGMPv1, IGMPv2, MLDv1).</summary>
    Report,

    /// <summary>Somebody does not want it any more.</summary>
    Leave,

    /// <summary>Somebody says about several groups what is wanted of them (IGMPv3, MLDv2).</summary>
    Records,

    /// <summary>A router of groups says hello.</summary>
    Router,
}
