using System.Globalization;
using System.Text;

namespace Dragonet.Net;

/// <summary>One rule: which packets, and what becomes of them. What is null matches all.</summary>
public sealed record FilterRule
{
    /// <summary>Where it looks.</summary>
    public FilterHook Hook { get; init; }

    /// <summary>Its number, by which it is removed.</summary>
    public int Handle { get; init; }

    /// <summary>The interface that the packet came through.</summary>
    public string? InInterface { get; init; }

    /// <summary>The interface that it leaves through.</summary>
    public string? OutInterface { get; init; }

    /// <summary>Its protocol.</summary>
    public IPProtocol? Protocol { get; init; }

    /// <summary>Where it comes from.</summary>
    public Prefix? Source { get; init; }

    /// <summary>Where it goes to.</summary>
    public Prefix? Destination { get; init; }

    /// <summary>The sender's ports, first and last.</summary>
    public (ushort First, ushort Last)? SourcePorts { get; init; }

    /// <summary>The receiver's ports, first and last.</summary>
    public (ushort First, ushort Last)? DestinationPorts { get; init; }

    /// <summary>What it is to known conversations.</summary>
    public FlowState? States { get; init; }

    /// <summary>What is done to its addresses, in the hooks prerouting and postrouting.</summary>
    public NatAction? Nat { get; init; }

    /// <summary>What becomes of it.</summary>
    public FilterVerdict Verdict { get; init; }

    /// <summary>As it is written.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Hook.ToString().ToLowerInvariant());
        Add("iif", InInterface);
        Add("oif", OutInterface);
        if (Source is { } source)
        {
            Add(source.Address.IsV4 ? "ip saddr" : "ip6 saddr", source.Length == source.Address.Bits ? source.Address.ToString() : source.ToString());
        }

        if (Destination is { } destination)
        {
            Add(destination.Address.IsV4 ? "ip daddr" : "ip6 daddr", destination.Length == destination.Address.Bits ? destination.Address.ToString() : destination.ToString());
        }

        if (Protocol is { } protocol)
        {
            _ = text.Append(' ').Append(protocol.ToString().ToLowerInvariant());
        }

        AddPorts("sport", SourcePorts);
        AddPorts("dport", DestinationPorts);
        if (States is { } states)
        {
            Add("ct state", string.Join(',', Enum.GetValues<FlowState>().Where(state => (states & state) != 0)).ToLowerInvariant());
        }

        return text.Append(' ').Append(Nat?.ToString() ?? Verdict.ToString().ToLowerInvariant()).ToString();

        void Add(string word, string? value) => _ = value is null ? text : text.Append(' ').Append(word).Append(' ').Append(value);

        void AddPorts(string word, (ushort First, ushort Last)? ports)
        {
            if (ports is { } given)
            {
                Add(word, given.First == given.Last ? given.First.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{given.First}-{given.Last}"));
            }
        }
    }

    internal bool Matches(in FilterPacket packet, FlowState state) =>
        (InInterface is null || InInterface == packet.In?.Name)
        && (OutInterface is null || OutInterface == packet.Out?.Name)
        && (Protocol is null || Protocol == packet.Header.Protocol)
        && (Source is not { } source || source.Contains(packet.Header.Source))
        && (Destination is not { } destination || destination.Contains(packet.Header.Destination))
        && IsIn(SourcePorts, packet.HasPorts, packet.SourcePort)
        && IsIn(DestinationPorts, packet.HasPorts, packet.DestinationPort)
        && (States is not { } states || (states & state) != 0);

    private static bool IsIn((ushort First, ushort Last)? ports, bool hasPorts, ushort port) => ports is not { } given || (hasPorts && port >= given.First && port <= given.Last);
}
