namespace Dragonet.Net;

/// <summary>
/// The addresses of a stack that some of its sockets are restricted to: those of a jail that shares the stack of another one (jail(8), ip4.addr).
/// "Any address" means these, others' are not bound to, and 127.0.0.1 leads to the set's own: to the address of 127.0.0.0/8 that it has, which
/// then is shown as 127.0.0.1 (as in DragonFly), or else to its first one (as in FreeBSD).
/// </summary>
/// <param name="v4">Addresses of IPv4; null for all.</param>
/// <param name="v6">Addresses of IPv6; null for all.</param>
/// <param name="selectsV4">ip4.saddrsel: the address of the way out is preferred to the first one, when it is in the set.</param>
/// <param name="selectsV6">ip6.saddrsel.</param>
public sealed class AddressSet(IReadOnlyList<IPAddress>? v4, IReadOnlyList<IPAddress>? v6, bool selectsV4 = true, bool selectsV6 = true)
{
    private volatile Lists _lists = new(v4, v6);

    /// <summary>Of one family; null for all.</summary>
    public IReadOnlyList<IPAddress>? Of(bool isV4) => isV4 ? _lists.V4 : _lists.V6;

    /// <summary>From now on it has the addresses of another one. Sockets that are bound stay so (prison_ip_set of FreeBSD).</summary>
    public void Replace(AddressSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _lists = other._lists;
    }

    /// <summary>True when a socket may have the address.</summary>
    public bool Contains(IPAddress address) => Of(address.IsV4) is not { } own || own.Contains(address);

    /// <summary>An address as a program gave it, as it is on the stack.</summary>
    public IPAddress Inward(IPAddress address) => address == IPAddress.LoopbackV4 || address == IPAddress.LoopbackV6 ? LoopbackOf(address) : address;

    /// <summary>An address of the stack, as programs see it.</summary>
    public IPAddress Outward(IPAddress address) =>
        address is { IsV4: true, IsLoopback: true } && Of(isV4: true) is not null && LoopbackOf(IPAddress.LoopbackV4) == address ? IPAddress.LoopbackV4 : address;

    /// <inheritdoc cref="Inward(IPAddress)"/>
    public Endpoint Inward(Endpoint endpoint) => endpoint with { Address = Inward(endpoint.Address) };

    /// <inheritdoc cref="Outward(IPAddress)"/>
    public Endpoint Outward(Endpoint endpoint) => endpoint with { Address = Outward(endpoint.Address) };

    /// <summary>The address to send from to a destination; null when there is none of its family.</summary>
    /// <param name="wanted">What somebody without restrictions would have.</param>
    /// <param name="destination">To whom.</param>
    public IPAddress? SourceFor(IPAddress wanted, IPAddress destination)
    {
        if (Of(destination.IsV4) is not { } own)
        {
            return wanted;
        }

        if (own.Count == 0)
        {
            return null;
        }

        var selects = (destination.IsV4 ? selectsV4 : selectsV6) || own.Contains(destination);
        return selects && own.Contains(wanted) ? wanted
            : destination.IsLoopback ? LoopbackOf(destination.IsV4 ? IPAddress.LoopbackV4 : IPAddress.LoopbackV6)
            : own.FirstOrDefault(static address => !address.IsLoopback, own[0]);
    }

    /// <summary>What bind(2) to an address means: any address of a set of one is that one. Null: not one of these.</summary>
    public IPAddress? Narrow(IPAddress address)
    {
        if (!address.IsUnspecified)
        {
            return Contains(address) ? address : null;
        }

        var own = Of(address.IsV4);
        var isBoth = !address.IsV4 && Of(isV4: true) is not { Count: 0 }; // "::" is IPv4, too
        return own is { Count: 0 } && !isBoth ? null : own is { Count: 1 } && !isBoth ? own[0] : address;
    }

    /// <summary>True when an address of a family is in both; a set that is not there is what the stack's owner has, whose "any" yields.</summary>
    internal static bool Meet(AddressSet? one, AddressSet? two, bool isV4) => one == two
        || (one is not null && two is not null && (one.Of(isV4) is not { } own || two.Of(isV4) is not { } other ? !(one.Of(isV4) is { Count: 0 } || two.Of(isV4) is { Count: 0 }) : own.Any(other.Contains)));

    private IPAddress LoopbackOf(IPAddress loopback) => Of(loopback.IsV4) is not { Count: > 0 } own || own.Contains(loopback) ? loopback
        : own.FirstOrDefault(static address => address.IsLoopback, own[0]);

    private sealed record Lists(IReadOnlyList<IPAddress>? V4, IReadOnlyList<IPAddress>? V6);
}
