namespace Dragonet.Net;

/// <summary>
/// The groups that a stack listens to, on each interface: those of its sockets, and those that every system is in (RFC 1112, section 7.2;
/// RFC 4291, section 2.8).
/// </summary>
public sealed class GroupTable
{
    private readonly Stack _stack;
    private readonly Dictionary<(Interface Link, IPAddress Group), Entry> _entries = [];
    private long _lastNumber;

    internal GroupTable(Stack stack) => _stack = stack;

    /// <summary>224.0.0.1</summary>
    public static IPAddress AllSystems => IPAddress.FromV4(0xe0000001);

    /// <summary>ff02::1</summary>
    public static IPAddress AllNodes => new(0xff02_0000_0000_0000, 1);

    /// <summary>ff01::1, which never leaves an interface.</summary>
    public static IPAddress AllNodesOfInterface => new(0xff01_0000_0000_0000, 1);

    /// <summary>ff02::2</summary>
    public static IPAddress AllRouters => new(0xff02_0000_0000_0000, 2);

    /// <summary>Who is told of changes, or null.</summary>
    public IGroupReporter? Reporter { get; set; }

    /// <summary>Memberships of sockets.</summary>
    public int Count { get; private set; }

    /// <summary>The group in which neighbours ask for an IPv6 address (RFC 4291, section 2.7.1).</summary>
    public static IPAddress SolicitedNode(IPAddress address) => new(0xff02_0000_0000_0000, 0x1_ff00_0000 | (address.Low & 0xff_ffff));

    /// <summary>True when a datagram to a group is for this stack.</summary>
    /// <param name="link">Where it came.</param>
    /// <param name="group">The group.</param>
    /// <param name="source">Who sent it.</param>
    public bool Admits(Interface link, IPAddress group, IPAddress source) =>
        (_entries.TryGetValue((link, group), out var entry) && entry.Filter.Admits(source)) || IsOwn(link, group);

    /// <summary>What sockets want of a group on an interface.</summary>
    public GroupFilter FilterOf(Interface link, IPAddress group) => _entries.TryGetValue((link, group), out var entry) ? entry.Filter : GroupFilter.Nobody;

    /// <summary>All groups of an interface that is up, the newest first, for /proc/net/igmp and reports.</summary>
    public IReadOnlyList<GroupEntry> List(Interface link)
    {
        ArgumentNullException.ThrowIfNull(link);
        var list = new List<GroupEntry>();
        foreach (var (key, entry) in _entries.OrderByDescending(pair => pair.Value.Number))
        {
            if (key.Link == link)
            {
                list.Add(new GroupEntry(key.Group, entry.Members.Count, entry.Filter, IsOwn(link, key.Group)));
            }
        }

        foreach (var group in OwnGroups(link))
        {
            var known = list.FindIndex(other => other.Group == group);
            if (known >= 0)
            {
                list[known] = list[known] with { Users = list[known].Users + 1, Filter = GroupFilter.Everybody };
            }
            else
            {
                list.Add(new GroupEntry(group, 1, GroupFilter.Everybody, IsOwn: true));
            }
        }

        return list;
    }

    /// <summary>True for groups that the stack itself is in on an interface that is up.</summary>
    internal bool IsOwn(Interface link, IPAddress group)
    {
        if (!link.IsUp)
        {
            return false;
        }

        if (group.IsV4)
        {
            return group == AllSystems;
        }

        if (group == AllNodes || group == AllNodesOfInterface || ((_stack.Options.ForwardsV6 ?? _stack.Options.Forwards) && group == AllRouters))
        {
            return true;
        }

        foreach (var prefix in link.AddressList)
        {
            if (!prefix.Address.IsV4 && SolicitedNode(prefix.Address) == group)
            {
                return true;
            }
        }

        return link is EthernetInterface { Autoconfiguration: { } configuration } && configuration.Tentative.Any(address => SolicitedNode(address) == group);
    }

    internal GroupMembership Join(IPAddress group, Interface link, IPAddress by, GroupFilter filter)
    {
        var member = new GroupMembership(group, link, by, filter);
        if (!_entries.TryGetValue((link, group), out var entry))
        {
            _entries.Add((link, group), entry = new Entry { Number = ++_lastNumber });
        }

        entry.Members.Add(member);
        Count++;
        Update(link, group, entry);
        return member;
    }

    internal void Change(GroupMembership member, GroupFilter filter)
    {
        member.Filter = filter;
        if (_entries.TryGetValue((member.Link, member.Group), out var entry) && entry.Members.Contains(member))
        {
            Update(member.Link, member.Group, entry);
        }
    }

    internal void Leave(GroupMembership member)
    {
        if (_entries.TryGetValue((member.Link, member.Group), out var entry) && entry.Members.Remove(member))
        {
            Count--;
            Update(member.Link, member.Group, entry);
        }
    }

    /// <summary>An interface goes away: nobody is in a group there any more, though sockets may leave still.</summary>
    internal void RemoveAll(Interface link)
    {
        foreach (var key in _entries.Keys.Where(key => key.Link == link).ToArray())
        {
            Count -= _entries[key].Members.Count;
            _ = _entries.Remove(key);
        }
    }

    private static IEnumerable<IPAddress> Solicited(Interface link) =>
        link.AddressList.Where(prefix => !prefix.Address.IsV4 && !prefix.Address.IsLoopback).Select(prefix => SolicitedNode(prefix.Address)).Distinct();

    private IEnumerable<IPAddress> OwnGroups(Interface link) => !link.IsUp ? []
        : Solicited(link).Concat(_stack.Options.ForwardsV6 ?? _stack.Options.Forwards ? [AllRouters] : Array.Empty<IPAddress>()).Concat([AllNodes, AllNodesOfInterface, AllSystems]);

    private void Update(Interface link, IPAddress group, Entry entry)
    {
        var before = entry.Filter;
        entry.Filter = entry.Members.Count == 0 ? GroupFilter.Nobody : GroupFilter.Merge(entry.Members);
        if (entry.Members.Count == 0)
        {
            _ = _entries.Remove((link, group));
        }

        if (!before.IsSame(entry.Filter))
        {
            Reporter?.OnChanged(link, group, before, entry.Filter);
        }
    }

    private sealed class Entry
    {
        public List<GroupMembership> Members { get; } = [];

        public GroupFilter Filter { get; set; } = GroupFilter.Nobody;

        /// <summary>Later ones have larger numbers.</summary>
        public required long Number { get; init; }
    }
}
