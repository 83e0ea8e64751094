namespace Dragonet.Net;

/// <summary>
/// Which groups are wanted behind which ports of a bridge, learned from what hosts tell routers (RFC 4541; net/bridge/br_multicast.c of Linux for
/// times and details). As long as somebody asks (a querier), frames for a group go to its members and to routers only; without one nobody
/// would repeat a report, so frames go everywhere. Nothing is sent: the bridge asks nobody itself (mcast_querier 0). What is over is
/// forgotten when it is looked for.
/// </summary>
internal sealed class GroupSnooping
{
    private const long Second = 1_000_000_000;
    private const long QuerierInterval = 255 * Second;     // mcast_querier_interval
    private const long MembershipInterval = 260 * Second;  // mcast_membership_interval
    private const long LastMemberTime = 2 * Second;        // mcast_last_member_count * mcast_last_member_interval
    private const int LastMemberCount = 2;

    private readonly Dictionary<(IPAddress Group, ushort Vlan), Dictionary<BridgePort, long>> _groups = []; // until when
    private readonly Dictionary<BridgePort, long> _routers = [];
    private readonly Querier _v4 = new(), _v6 = new();
    private bool _isOn = true;

    /// <summary>Whether it learns, and frames go where it says.</summary>
    public bool IsOn
    {
        get => _isOn;
        set
        {
            _isOn = value;
            _groups.Clear();
        }
    }

    /// <summary>Most groups. A host could name any number: with one more, frames go everywhere, as on Linux.</summary>
    public int MaxGroups { get; set; } = 4096;

    /// <summary>Who wants what.</summary>
    public IEnumerable<(IPAddress Group, ushort Vlan, EthernetInterface Link)> List(long now)
        => _groups.SelectMany(pair => pair.Value.Where(member => member.Value > now).Select(member => (pair.Key.Group, pair.Key.Vlan, member.Key.Link)));

    /// <summary>Ports behind which routers are.</summary>
    public IEnumerable<BridgePort> Routers(long now) => _routers.Where(pair => pair.Value > now).Select(static pair => pair.Key);

    /// <summary>A port is gone.</summary>
    public void Forget(BridgePort port)
    {
        _ = _routers.Remove(port);
        foreach (var (key, members) in _groups)
        {
            if (members.Remove(port) && members.Count == 0)
            {
                _ = _groups.Remove(key);
            }
        }
    }

    /// <summary>Learns from a frame for many, and says behind which ports it is wanted; null for all.</summary>
    /// <param name="from">Where it came from; null for the stack itself.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="vlan">Its network.</param>
    /// <param name="now">The time.</param>
    public HashSet<BridgePort>? Look(BridgePort? from, ReadOnlySpan<byte> frame, ushort vlan, long now)
    {
        if (!_isOn || !GroupFrame.TryParse(frame, out var group))
        {
            return null;
        }

        switch (group.Kind)
        {
            case GroupFrameKind.Broken:
                return [];
            case GroupFrameKind.Query:
                Ask(from, group, vlan, now);
                return null; // RFC 4541, section 2.1.1 (1): it goes everywhere
            case GroupFrameKind.Router when from is not null:
                _routers[from] = now + QuerierInterval;
                break;
            case GroupFrameKind.Leave or GroupFrameKind.Records:
                Report(from, group, vlan, now);
                return null; // to all routers of the link, as Linux has it
            case GroupFrameKind.Report:
                Report(from, group, vlan, now);
                break;
        }

        // Reports go to routers alone: hosts that heard them would keep theirs back (RFC 4541, section 2.1.1 (1)).
        var isReport = group.Kind == GroupFrameKind.Report;
        if (!_isOn || (GroupFrame.IsLocal(group.Destination) && !isReport) || !(group.IsV4 ? _v4 : _v6).Exists(now))
        {
            return null;
        }

        var wanting = new HashSet<BridgePort>(Routers(now));
        if (!isReport && _groups.TryGetValue((group.Destination, vlan), out var members))
        {
            wanting.UnionWith(members.Where(member => member.Value > now).Select(static member => member.Key));
        }

        return wanting;
    }

    private void Ask(BridgePort? from, in GroupFrame group, ushort vlan, long now)
    {
        if (!group.TryReadQuery(out var query))
        {
            return;
        }

        if (query.Group.IsUnspecified)
        {
            // A question from nobody (0.0.0.0) is another switch's: no router is there (RFC 4541, section 2.1.1 (1) b).
            if ((group.IsV4 ? _v4 : _v6).Hear(group.Source, query.MaximumDelay, now) && from is not null && !group.Source.IsUnspecified)
            {
                _routers[from] = now + QuerierInterval;
            }
        }
        else if (_groups.TryGetValue((query.Group, vlan), out var members))
        {
            // Who does not answer this is gone.
            var end = now + query.MaximumDelay * LastMemberCount;
            foreach (var (port, until) in members)
            {
                members[port] = Math.Min(until, end);
            }
        }
    }

    private void Report(BridgePort? from, in GroupFrame frame, ushort vlan, long now)
    {
        if (from is null)
        {
            return; // the stack itself gets everything anyway
        }

        foreach (var (group, isWanted) in frame.ReadReport())
        {
            if (!group.IsMulticast || GroupFrame.IsLocal(group))
            {
                continue;
            }

            if (!isWanted)
            {
                Leave(from, group, vlan, frame.IsV4, now);
            }
            else if (!Join(from, group, vlan, now))
            {
                IsOn = false;
                return;
            }
        }
    }

    private bool Join(BridgePort port, IPAddress group, ushort vlan, long now)
    {
        if (!_groups.TryGetValue((group, vlan), out var members))
        {
            if (_groups.Count >= MaxGroups)
            {
                Purge(now);
                if (_groups.Count >= MaxGroups)
                {
                    return false;
                }
            }

            _groups.Add((group, vlan), members = []);
        }

        members[port] = now + MembershipInterval;
        return true;
    }

    /// <summary>With a querier, it asks whether others are there, and its question shortens the time; without one, nobody answers.</summary>
    private void Leave(BridgePort port, IPAddress group, ushort vlan, bool isV4, long now)
    {
        if (!(isV4 ? _v4 : _v6).IsKnown(now) && _groups.TryGetValue((group, vlan), out var members) && members.TryGetValue(port, out var until))
        {
            members[port] = Math.Min(until, now + LastMemberTime);
        }
    }

    private void Purge(long now)
    {
        foreach (var (key, members) in _groups)
        {
            if (members.Values.All(until => until <= now))
            {
                _ = _groups.Remove(key);
            }
        }
    }

    /// <summary>The router that asks, of one family: the one with the smallest address (RFC 3376, section 6.6.2).</summary>
    private sealed class Querier
    {
        private IPAddress _address;
        private long _until, _from;

        /// <summary>Somebody asks.</summary>
        public bool IsKnown(long now) => _until > now;

        /// <summary>Somebody asks, and whoever wants a group has had the time to say so.</summary>
        public bool Exists(long now) => IsKnown(now) && _from <= now;

        /// <summary>False for a question of one who gives way to another.</summary>
        public bool Hear(IPAddress source, long delay, long now)
        {
            if (IsKnown(now) && !source.IsUnspecified && !_address.IsUnspecified && Compare(source, _address) > 0)
            {
                return false;
            }

            if (!IsKnown(now))
            {
                _from = now + delay;
            }

            (_address, _until) = (source, now + QuerierInterval);
            return true;
        }

        private static int Compare(IPAddress one, IPAddress two)
        {
            Span<byte> left = stackalloc byte[16], right = stackalloc byte[16];
            one.Write16(left);
            two.Write16(right);
            return left.SequenceCompareTo(right);
        }
    }
}
