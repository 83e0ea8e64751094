namespace Dragonet.Linux.Inet;

/// <summary>A flow label that somebody has (struct ip6_flowlabel of Linux).</summary>
/// <param name="Label">20 bits.</param>
/// <param name="Share">IPV6_FL_S_*: who may have it, too.</param>
/// <param name="Process">Whose it is, for those of one process.</param>
/// <param name="User">Whose it is, for those of one user.</param>
internal sealed record FlowLabel(uint Label, byte Share, int Process, uint User)
{
    /// <summary>It is not everybody's.</summary>
    public bool IsExclusive => Share is 1 or 2 or 3;

    /// <summary>Sockets that have it.</summary>
    public int Users { get; set; }
}
