using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>The groups that one socket is in, by the rules of ip(7) and ipv6(7) (ip_mc_source and its kin of Linux).</summary>
public sealed class SocketGroups
{
    /// <summary>net.ipv4.igmp_max_memberships.</summary>
    public const int MaxMemberships = 20;

    /// <summary>net.ipv4.igmp_max_msf.</summary>
    public const int MaxSourcesV4 = 10;

    /// <summary>net.ipv6.mld_max_msf.</summary>
    public const int MaxSourcesV6 = 64;

    private const int MaxMembershipsV6 = 1024; // Linux bounds them by memory (optmem_max)

    private readonly Stack _stack;
    private readonly List<GroupMembership> _memberships = [];
    private bool _hasEnded; // its socket was closed: nobody would leave what is joined now

    internal SocketGroups(Stack stack, bool hasEnded) => (_stack, _hasEnded) = (stack, hasEnded);

    /// <summary>IP_MULTICAST_ALL: without being a member it hears the groups that others of this machine are in.</summary>
    public bool HearsOthersV4 { get; set; } = true;

    /// <summary>IPV6_MULTICAST_ALL.</summary>
    public bool HearsOthersV6 { get; set; } = true;

    /// <summary>Most sources of one membership.</summary>
    public static int MaxSources(bool isV4) => isV4 ? MaxSourcesV4 : MaxSourcesV6;

    /// <summary>The interface of a number, or of an address, or to which the route to the group leads; null for none (ENODEV).</summary>
    public Interface? Find(IPAddress group, int index, IPAddress by) =>
        index != 0 ? _stack.FindInterface(index)
        : !by.IsUnspecified ? _stack.FindInterfaceOf(by)
        : _stack.Resolve(group).Ok(out var path, out _) ? path.Interface : null;

    /// <summary>IP_ADD_MEMBERSHIP, IPV6_ADD_MEMBERSHIP: EINVAL for what is no group, ENODEV, EADDRINUSE when it is in it, ENOBUFS for too many.</summary>
    public Errno Join(IPAddress group, int index, IPAddress by, GroupFilter filter)
    {
        if (!group.IsMulticast || _hasEnded)
        {
            return _hasEnded ? Errno.EBADF : Errno.EINVAL;
        }

        if (Find(group, index, by) is not { } link)
        {
            return Errno.ENODEV;
        }

        var count = 0;
        foreach (var member in _memberships)
        {
            if (member.Group == group && member.Link == link)
            {
                return Errno.EADDRINUSE;
            }

            count += member.Group.IsV4 == group.IsV4 ? 1 : 0;
        }

        if (count >= (group.IsV4 ? MaxMemberships : MaxMembershipsV6))
        {
            return Errno.ENOBUFS;
        }

        _memberships.Add(_stack.Groups.Join(group, link, by, filter));
        return Errno.OK;
    }

    /// <summary>IP_DROP_MEMBERSHIP, IPV6_DROP_MEMBERSHIP: EADDRNOTAVAIL when it is not in it.</summary>
    public Errno Leave(IPAddress group, int index, IPAddress by)
    {
        if (!group.IsMulticast)
        {
            return Errno.EINVAL;
        }

        var at = _memberships.FindIndex(member => member.Group == group && (index != 0 ? member.Index == index : by.IsUnspecified || member.By == by));
        if (at < 0)
        {
            return index == 0 && by.IsUnspecified && Find(group, index, by) is null ? Errno.ENODEV : Errno.EADDRNOTAVAIL;
        }

        _stack.Groups.Leave(_memberships[at]);
        _memberships.RemoveAt(at);
        return Errno.OK;
    }

    /// <summary>Adds a source to those that are wanted or not wanted, or takes it away: EINVAL when the socket is not in the group or wants the
    /// other kind, EADDRNOTAVAIL when the source is there already, or not there.</summary>
    public Errno ChangeSource(IPAddress group, int index, IPAddress by, IPAddress source, bool excludes, bool add)
    {
        if (FindMember(group, index, by, out var member) is not Errno.OK and var error)
        {
            return error;
        }

        var filter = member!.Filter;
        if (filter.Sources.Count > 0 && filter.Excludes != excludes)
        {
            return Errno.EINVAL;
        }

        var isThere = filter.Sources.Contains(source);
        if (isThere == add)
        {
            if (filter.Excludes != excludes)
            {
                _stack.Groups.Change(member, new GroupFilter(excludes, []));
            }

            return Errno.EADDRNOTAVAIL;
        }

        if (add && filter.Sources.Count >= MaxSources(group.IsV4))
        {
            return Errno.ENOBUFS;
        }

        var sources = add ? filter.Sources.Append(source) : filter.Sources.Where(other => other != source);
        return Replace(member, new GroupFilter(excludes, [.. sources]));
    }

    /// <summary>IP_MSFILTER, MCAST_MSFILTER: another filter for a group that the socket is in.</summary>
    public Errno SetFilter(IPAddress group, int index, IPAddress by, GroupFilter filter) =>
        FindMember(group, index, by, out var member) is not Errno.OK and var error ? error : Replace(member!, filter);

    /// <summary>The filter of a group: EADDRNOTAVAIL when the socket is not in it.</summary>
    public Result<GroupFilter> GetFilter(IPAddress group, int index, IPAddress by)
    {
        var error = FindMember(group, index, by, out var member);
        return error == Errno.OK ? member!.Filter : error == Errno.EINVAL && group.IsMulticast ? Errno.EADDRNOTAVAIL : error;
    }

    /// <summary>True when the socket hears a datagram to a group that this machine is in (ip_mc_sf_allow of Linux).</summary>
    internal bool Hears(IPAddress group, IPAddress source, int index)
    {
        foreach (var member in _memberships)
        {
            if (member.Group == group && member.Index == index)
            {
                return member.Filter.Admits(source);
            }
        }

        return group.IsV4 ? HearsOthersV4 : HearsOthersV6;
    }

    /// <summary>The socket is closed.</summary>
    internal void LeaveAll()
    {
        foreach (var member in _memberships)
        {
            _stack.Groups.Leave(member);
        }

        _memberships.Clear();
        _hasEnded = true;
    }

    private Errno FindMember(IPAddress group, int index, IPAddress by, out GroupMembership? found)
    {
        found = null;
        if (!group.IsMulticast)
        {
            return Errno.EINVAL;
        }

        if (Find(group, index, by) is not { } link)
        {
            return Errno.ENODEV;
        }

        found = _memberships.Find(member => member.Group == group && member.Link == link);
        return found is null ? Errno.EINVAL : Errno.OK;
    }

    /// <summary>To want nobody is to leave (RFC 3376, section 2).</summary>
    private Errno Replace(GroupMembership member, GroupFilter filter)
    {
        if (filter.IsNobody)
        {
            _ = _memberships.Remove(member);
            _stack.Groups.Leave(member);
        }
        else
        {
            _stack.Groups.Change(member, filter);
        }

        return Errno.OK;
    }
}
