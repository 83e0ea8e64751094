namespace Dragonet.Net;

/// <summary>The conversations that a firewall knows. Bounded, and without timers: what is over is found out when it is looked at, or when room is short.</summary>
internal sealed class FlowTable
{
    private const int MaxFlows = 65536;
    private const long Second = 1_000_000_000;

    private readonly Dictionary<FilterFlow, FlowEntry> _flows = [];
    private long _purgedAt = long.MinValue / 2;

    /// <summary>Conversations, also such as are over.</summary>
    public int Count => _flows.Count;

    /// <summary>What a packet is; remembers nothing.</summary>
    public FlowState Look(in FilterPacket packet, long now)
    {
        if (packet.IsError)
        {
            return IsAboutKnown(packet, now) ? FlowState.Related : FlowState.Invalid;
        }

        return Find(packet.Flow, now) is { } entry ? entry.IsAnswered ? FlowState.Established : FlowState.New
            : Find(packet.Flow.Reverse, now) is not null ? FlowState.Established
            : FlowState.New;
    }

    /// <summary>A packet passes: its conversation goes on, or begins.</summary>
    /// <returns>False when there is no room for another one.</returns>
    public bool Note(in FilterPacket packet, long now)
    {
        if (packet.IsError)
        {
            return true;
        }

        if (Find(packet.Flow, now) is { } entry)
        {
            entry.Touch(packet, now);
            return true;
        }

        if (Find(packet.Flow.Reverse, now) is { } answered)
        {
            answered.IsAnswered = true;
            answered.Touch(packet, now);
            return true;
        }

        if (_flows.Count >= MaxFlows && !Purge(now))
        {
            return false;
        }

        entry = new FlowEntry();
        entry.Touch(packet, now);
        _flows[packet.Flow] = entry;
        return true;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => _flows.Clear();

    private FlowEntry? Find(in FilterFlow flow, long now) => _flows.TryGetValue(flow, out var entry) && entry.EndsAt > now ? entry : null;

    /// <summary>An error quotes the beginning of the packet that it is about.</summary>
    private bool IsAboutKnown(in FilterPacket packet, long now)
    {
        if (packet.Payload.Length < 8)
        {
            return false;
        }

        var quoted = packet.Payload[8..];
        IPHeader header;
        int at;
        if (packet.Header.Source.IsV4 && quoted.Length >= IPv4Packet.MinimalHeader && quoted[0] >> 4 == 4)
        {
            header = new IPHeader(IPAddress.FromBytes(quoted.Slice(12, 4)), IPAddress.FromBytes(quoted.Slice(16, 4)), (IPProtocol)quoted[9], 0, 0);
            at = (quoted[0] & 0xf) * 4;
        }
        else if (!packet.Header.Source.IsV4 && quoted.Length >= IPv6Packet.HeaderSize && quoted[0] >> 4 == 6)
        {
            header = new IPHeader(IPAddress.FromBytes(quoted.Slice(8, 16)), IPAddress.FromBytes(quoted.Slice(24, 16)), (IPProtocol)quoted[6], 0, 0);
            at = IPv6Packet.HeaderSize;
        }
        else
        {
            return false;
        }

        var inner = new FilterPacket(header, at <= quoted.Length ? quoted[at..] : default, null, null).Flow;
        return Find(inner, now) is not null || Find(inner.Reverse, now) is not null;
    }

    /// <summary>At most once a second, so that a flood costs no more than that.</summary>
    private bool Purge(long now)
    {
        if (now - _purgedAt < Second)
        {
            return false;
        }

        _purgedAt = now;
        foreach (var flow in _flows.Where(pair => pair.Value.EndsAt <= now).Select(pair => pair.Key).ToArray())
        {
            _ = _flows.Remove(flow);
        }

        return _flows.Count < MaxFlows;
    }
}
