using System.Text;
using Dragonet.Net;

namespace Dragonet;

/// <summary>A network that jails joined: its addresses, and who has which.</summary>
internal sealed class LocalNetwork(string name, int number, EthernetInterface link, bool isOurs, EtcFile hosts)
{
    /// <summary>What it and its bridge are called.</summary>
    internal string Name => name;

    /// <summary>Its number, which its addresses are made of.</summary>
    internal int Number => number;

    /// <summary>Jail 0's place in it.</summary>
    internal EthernetInterface Interface => link;

    /// <summary>It was made for the jails that joined it, and ends with them.</summary>
    internal bool IsOurs => isOurs;

    /// <summary>Jail 0's address, and the network.</summary>
    internal Prefix V4 { get; set; } = new(IPAddress.FromV4(0x0a580001 | (uint)number << 8), 24); // 10.88.N.1

    /// <summary>The same of IPv6: fd64:7261:676f:N::1.</summary>
    internal Prefix V6 { get; set; } = new(new IPAddress(0xfd64_7261_676f_0100 + (ulong)number, 1), 64);

    /// <summary>Jails by number, with their names and addresses.</summary>
    internal SortedDictionary<int, (string Name, Prefix Address)> Members { get; } = [];

    /// <summary>The names of all of them, as each finds them in /etc/hosts.</summary>
    internal EtcFile Hosts => hosts;

    /// <summary>hosts(5).</summary>
    internal string HostsText
    {
        get
        {
            var text = new StringBuilder("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n").Append(V4.Address).Append(" gateway\n");
            foreach (var (name, address) in Members.Values)
            {
                _ = text.Append(address.Address).Append(' ').Append(name).Append('\n');
                if (V6Of(address) is { } v6)
                {
                    _ = text.Append(v6.Address).Append(' ').Append(name).Append('\n');
                }
            }

            return text.ToString();
        }
    }

    /// <summary>The IPv6 address that goes with an IPv4 address: the same number in its network.</summary>
    internal Prefix? V6Of(Prefix address)
        => address.Address.IsV4 ? new Prefix(new IPAddress(V6.Address.High, address.Address.V4 & ~(uint)((ulong)uint.MaxValue << (32 - address.Length))), V6.Length) : null;

    /// <summary>Finds an address for a jail. Says what is wrong, or null.</summary>
    /// <param name="wanted">The address that was asked for, or null for the next free one.</param>
    /// <param name="jail">The jail's name.</param>
    /// <param name="address">The address.</param>
    internal string? Choose(string? wanted, string jail, out Prefix address)
    {
        address = V4;
        if (wanted is not null)
        {
            var slash = wanted.IndexOf('/', StringComparison.Ordinal);
            if (!System.Net.IPAddress.TryParse(slash < 0 ? wanted : wanted[..slash], out var parsed) || wanted.Contains('%', StringComparison.Ordinal))
            {
                return $"'{wanted}' is no address";
            }

            var given = IPAddress.FromBytes(parsed.GetAddressBytes());
            var length = (given.IsV4 ? V4 : V6).Length;
            if (slash >= 0 && (!int.TryParse(wanted.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out length) || length > given.Bits || length < 1))
            {
                return $"'{wanted}' has no length of a network between 1 and {given.Bits}";
            }

            address = new Prefix(given, length);
            return Owner(given) is { } owner ? $"{given} belongs to {owner}"
                : given.IsMulticast || given.IsLoopback || given.IsUnspecified || given == address.DirectedBroadcast ? $"{given} can belong to nobody"
                : null;
        }

        var hosts = V4.Length >= 31 ? 0 : (1u << (32 - V4.Length)) - 2;
        for (uint host = 1; host <= hosts; host++)
        {
            var free = IPAddress.FromV4(V4.Network.Address.V4 + host);
            if (Owner(free) is null)
            {
                address = new Prefix(free, V4.Length);
                return null;
            }
        }

        return $"no address is left for {jail} in {V4.Network}";
    }

    private string? Owner(IPAddress address)
        => address == V4.Address || address == V6.Address ? "jail 0" : Members.Values.FirstOrDefault(member => member.Address.Address == address || V6Of(member.Address)?.Address == address).Name;
}
