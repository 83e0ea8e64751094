namespace Dragonet.Net;

/// <summary>Behind which port of a bridge each address is. Bounded: whoever comes when it is full is not learned, and his frames are flooded.</summary>
internal sealed class ForwardingTable
{
    private const long PurgeInterval = 1_000_000_000;

    private readonly Dictionary<(EthernetAddress Address, ushort Vlan), Entry> _entries = [];
    private long _purgedAt;

    /// <summary>Most entries (if_bridge(4): 2000).</summary>
    public int MaxEntries { get; set; } = 2000;

    /// <summary>How long an entry stays after the last frame (802.1D-1998, table 7-5: 300 seconds).</summary>
    public long AgeingTime { get; set; } = 300_000_000_000;

    /// <summary>Entries.</summary>
    public int Count => _entries.Count;

    /// <summary>All of them.</summary>
    public IEnumerable<ForwardingEntry> List(long now) => _entries
        .Where(pair => pair.Value.IsStatic || pair.Value.SeenAt + AgeingTime > now)
        .Select(pair => new ForwardingEntry(pair.Key.Address, pair.Key.Vlan, pair.Value.Port.Link, pair.Value.IsStatic, now - pair.Value.SeenAt));

    /// <summary>The port of an address, or null.</summary>
    public BridgePort? Find(EthernetAddress address, ushort vlan, long now, long ageing)
        => _entries.TryGetValue((address, vlan), out var entry) && (entry.IsStatic || entry.SeenAt + Math.Min(ageing, AgeingTime) > now) ? entry.Port : null;

    /// <summary>A frame came from an address. False when it must not come from there.</summary>
    public bool Learn(EthernetAddress address, ushort vlan, BridgePort port, long now)
    {
        if (_entries.TryGetValue((address, vlan), out var entry))
        {
            if (entry.Port != port && (entry.IsStatic || entry.Port.IsSticky))
            {
                return false;
            }

            if (entry.Port != port && port.AddressCount >= port.MaxAddresses)
            {
                return true;
            }

            entry.Port.AddressCount--;
            port.AddressCount++;
            entry.Port = port;
            entry.SeenAt = now;
            return true;
        }

        if (_entries.Count >= MaxEntries || port.AddressCount >= port.MaxAddresses)
        {
            Purge(now);
        }

        if (_entries.Count < MaxEntries && port.AddressCount < port.MaxAddresses)
        {
            Put((address, vlan), new Entry { Port = port, SeenAt = now });
        }

        return true;
    }

    /// <summary>Says where an address is, for good.</summary>
    public void SetStatic(EthernetAddress address, ushort vlan, BridgePort port, long now) => Put((address, vlan), new Entry { Port = port, SeenAt = now, IsStatic = true });

    /// <summary>Forgets an address.</summary>
    public bool Remove(EthernetAddress address, ushort vlan) => Remove((address, vlan));

    /// <summary>Forgets all addresses behind a port; null for those that were learned behind any.</summary>
    public void Flush(BridgePort? port)
    {
        foreach (var key in _entries.Where(pair => port is null ? !pair.Value.IsStatic : pair.Value.Port == port).Select(pair => pair.Key).ToArray())
        {
            _ = Remove(key);
        }
    }

    private void Put((EthernetAddress, ushort) key, Entry entry)
    {
        _ = Remove(key);
        _entries.Add(key, entry);
        entry.Port.AddressCount++;
    }

    private bool Remove((EthernetAddress, ushort) key)
    {
        if (!_entries.Remove(key, out var entry))
        {
            return false;
        }

        entry.Port.AddressCount--;
        return true;
    }

    /// <summary>Old entries go; at most once a second, so that a flood of addresses costs no more.</summary>
    private void Purge(long now)
    {
        if (now - _purgedAt < PurgeInterval)
        {
            return;
        }

        _purgedAt = now;
        foreach (var key in _entries.Where(pair => !pair.Value.IsStatic && !pair.Value.Port.IsSticky && pair.Value.SeenAt + AgeingTime <= now).Select(pair => pair.Key).ToArray())
        {
            _ = Remove(key);
        }
    }

    private sealed class Entry
    {
        public required BridgePort Port { get; set; }

        public long SeenAt { get; set; }

        public bool IsStatic { get; init; }
    }
}
