using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>Ports of one protocol and who holds them, with the rules of bind(2) (ip(7), socket(7)).</summary>
/// <param name="stack">Whose they are: it says which ones are given by themselves.</param>
/// <param name="random">To choose ports that a stranger cannot guess (RFC 6056).</param>
internal sealed class PortTable(Stack stack, Func<ulong> random)
{
    private readonly Dictionary<ushort, HashSet<IPortUser>> _users = [];

    /// <summary>Everybody with a port.</summary>
    public IEnumerable<IPortUser> All => _users.Values.SelectMany(users => users);

    /// <summary>Who holds a port.</summary>
    public HashSet<IPortUser>? Find(ushort port) => _users.GetValueOrDefault(port);

    /// <summary>Gives a port to a user, without a look at the rules.</summary>
    public void Add(ushort port, IPortUser user)
    {
        if (!_users.TryGetValue(port, out var users))
        {
            _users.Add(port, users = []);
        }

        _ = users.Add(user);
    }

    public void Remove(ushort port, IPortUser user)
    {
        if (_users.TryGetValue(port, out var users) && users.Remove(user) && users.Count == 0)
        {
            _ = _users.Remove(port);
        }
    }

    /// <summary>bind(2): takes a port, or any free one for 0. EADDRINUSE when others hold it.</summary>
    /// <param name="port">The port, or 0.</param>
    /// <param name="user">Who wants it.</param>
    /// <param name="mayShare">Whether a new user and an old one may both hold it, when neither is listening and both reuse the address.</param>
    /// <param name="range">IP_LOCAL_PORT_RANGE: where to choose from; null for the stack's.</param>
    public Result<ushort> Bind(ushort port, IPortUser user, bool mayShare = true, (ushort First, ushort Last)? range = null)
    {
        if (port != 0)
        {
            if (Conflicts(port, user, mayShare))
            {
                return Errno.EADDRINUSE;
            }

            Add(port, user);
            return port;
        }

        var (first, last) = Narrow(stack.EphemeralPorts, range);
        var count = last - first + 1;
        var start = (int)(random() % (uint)count);
        for (var i = 0; i < count; i++)
        {
            var candidate = (ushort)(first + (start + i) % count);
            if (!Conflicts(candidate, user, mayShare: false))
            {
                Add(candidate, user);
                return candidate;
            }
        }

        return Errno.EADDRINUSE;
    }

    /// <summary>The part of the stack's ports that a socket wants, where 0 is no wish; all of them when there is none (inet_sk_get_local_port_range of Linux).</summary>
    internal static (ushort First, ushort Last) Narrow((ushort First, ushort Last) all, (ushort First, ushort Last)? wanted)
    {
        var first = wanted is { First: > 0 } low && low.First >= all.First && low.First <= all.Last ? low.First : all.First;
        var last = wanted is { Last: > 0 } high && high.Last >= all.First && high.Last <= all.Last ? high.Last : all.Last;
        return first <= last ? (first, last) : all;
    }

    /// <summary>True when somebody holds a port in a way that excludes this user.</summary>
    public bool Conflicts(ushort port, IPortUser user, bool mayShare)
    {
        foreach (var other in _users.GetValueOrDefault(port) ?? [])
        {
            if (other == user || !Overlap(user, other))
            {
                continue;
            }

            var sharesAddress = mayShare && user.ReuseAddress && other.ReuseAddress && !user.IsListening && !other.IsListening;
            var sharesPort = user.ReusePort && other.ReusePort && user.Owner == other.Owner;
            if (!sharesAddress && !sharesPort)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Any address is all addresses of its family; "::" is those of IPv4 too, unless IPV6_V6ONLY says no (ipv6(7)).</summary>
    internal static bool Overlap(IPortUser one, IPortUser two)
    {
        if (one.BoundInterface != two.BoundInterface && one.BoundInterface != 0 && two.BoundInterface != 0)
        {
            return false; // SO_BINDTODEVICE
        }

        var (a, b) = (one.BoundAddress, two.BoundAddress);
        if (a.IsV4 == b.IsV4)
        {
            return Overlap(one, two, a.IsV4);
        }

        var v6 = a.IsV4 ? two : one;
        return v6.BoundAddress.IsUnspecified && !v6.IsV6Only && Overlap(one, two, isV4: true);
    }

    /// <summary>Within one family, where any address may be those of a set.</summary>
    private static bool Overlap(IPortUser one, IPortUser two, bool isV4)
    {
        var (a, b) = (one.BoundAddress, two.BoundAddress);
        return (a.IsUnspecified, b.IsUnspecified) switch
        {
            (true, true) => AddressSet.Meet(one.Addresses, two.Addresses, isV4),
            (true, false) => Covers(one.Addresses, b, two.Addresses),
            (false, true) => Covers(two.Addresses, a, one.Addresses),
            _ => a == b,
        };
    }

    /// <summary>Any address of a set, and an address of somebody: without a set it yields to whoever has one (in_pcblookup_local of FreeBSD).</summary>
    private static bool Covers(AddressSet? any, IPAddress address, AddressSet? others) => any is null ? others is null : any.Contains(address);
}
