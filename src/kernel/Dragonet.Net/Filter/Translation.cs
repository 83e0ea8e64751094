namespace Dragonet.Net;

/// <summary>A conversation and what it is made into.</summary>
/// <param name="original">As its first packet came.</param>
/// <param name="translated">As it leaves; the source is settled only where it leaves.</param>
internal sealed class Translation(FilterFlow original, FilterFlow translated) : FlowEntry
{
    /// <summary>As its packets come in.</summary>
    public FilterFlow Original { get; } = original;

    /// <summary>As its packets leave; answers come the other way.</summary>
    public FilterFlow Translated { get; set; } = translated;

    /// <summary>As its packets are between the two: the destination is new, the source is not.</summary>
    public FilterFlow Between => Original with { Destination = Translated.Destination, DestinationPort = Translated.DestinationPort };

    /// <summary>It has left once, so the source is settled.</summary>
    public bool IsSettled { get; set; }
}
