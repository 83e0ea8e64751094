namespace Dragonet.Net;

/// <summary>Rules that translate addresses.</summary>
public sealed partial class Firewall
{
    private readonly NatTable _translations;

    /// <summary>Conversations whose addresses are translated, or would be.</summary>
    public int TranslationCount => _translations.Count;

    /// <summary>Something is to be translated.</summary>
    internal bool IsTranslating { get; private set; }

    /// <summary>Where a packet that comes in shall go.</summary>
    /// <returns>The destination, which may be the same; null: it is to be dropped.</returns>
    internal Endpoint? Arrive(in FilterPacket packet)
    {
        var same = new Endpoint(packet.Header.Destination, packet.DestinationPort);
        if (_translations.FindDestination(packet.Flow) is { } known)
        {
            return known;
        }

        if (Match(FilterHook.Prerouting, packet, packet.Header.Destination) is not { } action)
        {
            return same;
        }

        return (action.Address ?? packet.In!.SourceFor(packet.Header.Source)) is { } address
            && _translations.Begin(packet, new Endpoint(address, action.Port)) ? _translations.FindDestination(packet.Flow) : null;
    }

    /// <summary>As whom a packet that leaves shall leave.</summary>
    /// <returns>The source, which may be the same; null: it is to be dropped.</returns>
    internal Endpoint? Leave(in FilterPacket packet, IPAddress nextHop)
    {
        if (_translations.FindSource(packet.Flow) is { } known)
        {
            _translations.Touch(packet);
            return known;
        }

        var same = new Endpoint(packet.Header.Source, packet.SourcePort);
        if (packet.SourcePort == 0 && packet.DestinationPort == 0 && !packet.HasPorts)
        {
            // A protocol without ports: the addresses are the conversation.
            return Match(FilterHook.Postrouting, packet, same.Address) is not { } only ? same
                : (only.Address ?? packet.Out!.SourceFor(nextHop)) is { } source ? _translations.Settle(packet, new Endpoint(source, 0)) : null;
        }

        return Match(FilterHook.Postrouting, packet, same.Address) is not { } action ? _translations.Settle(packet, same)
            : (action.Address ?? packet.Out!.SourceFor(nextHop)) is { } address ? _translations.Settle(packet, new Endpoint(address, action.Port))
            : null;
    }

    /// <summary>The two ends of a packet that an error is about, as whoever gets the error knows them; null when nothing is known of it.</summary>
    /// <param name="quoted">The packet, as it was here last.</param>
    internal (Endpoint Source, Endpoint Destination)? FindQuoted(in FilterFlow quoted)
    {
        var back = quoted.Reverse;
        if (_translations.FindDestination(back) is not { } source)
        {
            return null;
        }

        back = back with { Destination = source.Address, DestinationPort = source.Port };
        return (source, _translations.FindSource(back) ?? new Endpoint(back.Source, back.SourcePort));
    }

    private NatAction? Match(FilterHook hook, in FilterPacket packet, IPAddress present)
    {
        foreach (var (rule, hits) in _rules)
        {
            if (rule.Hook == hook && rule.Nat is { } action && rule.Matches(packet, FlowState.New) && (action.Address ?? present).IsV4 == present.IsV4)
            {
                hits.Packets++;
                return action;
            }
        }

        return null;
    }
}
