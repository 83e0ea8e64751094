namespace Dragonet.Net;

/// <summary>
/// Address translation of one stack (RFC 3022; RFC 4787, 5382 and 5508 for what it keeps): destinations change where packets come in,
/// sources where they leave, and answers the other way round. Each conversation that leaves while there are rules has an entry, so that no
/// two leave as the same. Bounded, and without timers, as <see cref="FlowTable"/>.
/// </summary>
internal sealed class NatTable(Stack stack)
{
    private const int MaxFlows = 65536;
    private const int PortAttempts = 1024;
    private const int FirstPort = 1024;
    private const long Second = 1_000_000_000;

    private readonly Dictionary<FilterFlow, (Translation Entry, bool IsAnswer)> _arriving = [];
    private readonly Dictionary<FilterFlow, (Translation Entry, bool IsAnswer)> _leaving = [];
    private long _purgedAt = long.MinValue / 2;

    /// <summary>Conversations, also such as are over.</summary>
    public int Count { get; private set; }

    public void Clear()
    {
        _arriving.Clear();
        _leaving.Clear();
        Count = 0;
    }

    /// <summary>Where a packet that comes in is to go, when its conversation is known.</summary>
    public Endpoint? FindDestination(in FilterFlow flow) => !Find(_arriving, flow, out var entry, out var isAnswer) ? null
        : isAnswer ? new Endpoint(entry.Original.Source, entry.Original.SourcePort) : new Endpoint(entry.Translated.Destination, entry.Translated.DestinationPort);

    /// <summary>As whom a packet that leaves is to leave, when its conversation is known.</summary>
    public Endpoint? FindSource(in FilterFlow flow) => !Find(_leaving, flow, out var entry, out var isAnswer) ? null
        : isAnswer ? new Endpoint(entry.Original.Destination, entry.Original.DestinationPort)
        : entry.IsSettled ? new Endpoint(entry.Translated.Source, entry.Translated.SourcePort)
        : null;

    /// <summary>A packet of a known conversation passes.</summary>
    public void Touch(in FilterPacket packet)
    {
        if (_leaving.TryGetValue(packet.Flow, out var found))
        {
            found.Entry.IsAnswered |= found.IsAnswer;
            found.Entry.Touch(packet, stack.Now);
        }
    }

    /// <summary>A conversation begins whose packets go elsewhere.</summary>
    /// <returns>False when there is no room, or another one is the same behind the translation.</returns>
    public bool Begin(in FilterPacket packet, Endpoint to) =>
        Add(packet, packet.Flow with { Destination = to.Address, DestinationPort = PortOf(packet, to.Port, packet.DestinationPort) }) is not null;

    /// <summary>A conversation leaves for the first time, as somebody; with another port when another one has left so.</summary>
    /// <returns>As whom; null when there is no room.</returns>
    public Endpoint? Settle(in FilterPacket packet, Endpoint sender)
    {
        var flow = packet.Flow;
        if (!Find(_leaving, flow, out var entry, out _) && (entry = Add(packet, flow)) is null)
        {
            return null;
        }

        _ = _arriving.Remove(entry.Translated.Reverse);
        var isPing = !packet.HasPorts;
        var port = PortOf(packet, sender.Port, flow.SourcePort);
        for (var attempt = 0; attempt < PortAttempts; attempt++)
        {
            var translated = flow with { Source = sender.Address, SourcePort = port, DestinationPort = isPing ? port : flow.DestinationPort };
            if (!Find(_arriving, translated.Reverse, out _, out _) || flow.SourcePort == 0)
            {
                (entry.Translated, entry.IsSettled) = (translated, true);
                _arriving[translated.Reverse] = (entry, true);
                return sender with { Port = port };
            }

            port = (ushort)(FirstPort + stack.Options.Random() % (65536 - FirstPort));
        }

        Remove(entry);
        return null;
    }

    private static ushort PortOf(in FilterPacket packet, ushort wanted, ushort present) => wanted != 0 && packet.HasPorts ? wanted : present;

    private Translation? Add(in FilterPacket packet, in FilterFlow translated)
    {
        if (Count >= MaxFlows && !Purge())
        {
            return null;
        }

        var entry = new Translation(packet.Flow, translated);
        if (Find(_leaving, entry.Between, out _, out _) || Find(_leaving, entry.Between.Reverse, out _, out _))
        {
            return null;
        }

        entry.Touch(packet, stack.Now);
        _arriving[entry.Original] = (entry, false);
        _ = _arriving.TryAdd(translated.Reverse, (entry, true));
        _leaving[entry.Between] = (entry, false);
        _leaving[entry.Between.Reverse] = (entry, true);
        Count++;
        return entry;
    }

    /// <summary>Finds what is not over; what is over is removed.</summary>
    private bool Find(Dictionary<FilterFlow, (Translation Entry, bool IsAnswer)> table, in FilterFlow flow, out Translation entry, out bool isAnswer)
    {
        var isThere = table.TryGetValue(flow, out var found);
        (entry, isAnswer) = found;
        if (isThere && entry.EndsAt <= stack.Now)
        {
            Remove(entry);
            return false;
        }

        return isThere;
    }

    private void Remove(Translation entry)
    {
        Count--;
        foreach (var (table, flow) in new[] { (_arriving, entry.Original), (_arriving, entry.Translated.Reverse), (_leaving, entry.Between), (_leaving, entry.Between.Reverse) })
        {
            if (table.TryGetValue(flow, out var found) && found.Entry == entry)
            {
                _ = table.Remove(flow);
            }
        }
    }

    /// <summary>At most once a second, so that a flood costs no more than that.</summary>
    private bool Purge()
    {
        if (stack.Now - _purgedAt < Second)
        {
            return false;
        }

        _purgedAt = stack.Now;
        foreach (var entry in _arriving.Values.Where(pair => !pair.IsAnswer && pair.Entry.EndsAt <= stack.Now).Select(pair => pair.Entry).ToArray())
        {
            Remove(entry);
        }

        return Count < MaxFlows;
    }
}
