using System.Globalization;
using Dragonet.Kernel;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>The parameters ip4, ip6 and their kin of a jail that shares the stack of the jail it is in (jail(8), "ip4.addr").</summary>
public static class JailAddresses
{
    private const int Most = 255; // of a family (jail_max_af_ips of FreeBSD)

    /// <summary>The addresses of a jail; null when it has a stack of its own.</summary>
    /// <param name="jail">The jail.</param>
    /// <param name="above">The addresses that the jail it is in is restricted to, or null.</param>
    /// <param name="why">What is wrong with them, or null.</param>
    public static AddressSet? Read(Jail jail, AddressSet? above, out string? why)
    {
        ArgumentNullException.ThrowIfNull(jail);
        why = null;
        if (!jail.SharesNetwork)
        {
            return null;
        }

        var v4 = Family(jail, isV4: true, above, ref why);
        var v6 = Family(jail, isV4: false, above, ref why);
        return new AddressSet(v4, v6, jail.Has(JailParameters.Ip4Select), jail.Has(JailParameters.Ip6Select));
    }

    /// <summary>What is written in ip4.addr or ip6.addr: interface or null, address, length of the network part.</summary>
    public static IEnumerable<(string? Link, IPAddress Address, int Length)> Listed(Jail jail, bool isV4)
    {
        ArgumentNullException.ThrowIfNull(jail);
        foreach (var text in Split(jail, isV4))
        {
            if (TryParse(text, isV4, out var one))
            {
                yield return one;
            }
        }
    }

    private static List<IPAddress>? Family(Jail jail, bool isV4, AddressSet? above, ref string? why)
    {
        var parameter = isV4 ? JailParameters.Ip4Address : JailParameters.Ip6Address;
        var texts = Split(jail, isV4);
        var choice = jail.GetText(isV4 ? JailParameters.Ip4 : JailParameters.Ip6);
        if (texts.Length > 0 && choice is "inherit" or "disable")
        {
            why ??= $"{parameter.Name}: not with {choice}";
        }

        if (choice == "inherit")
        {
            return above?.Of(isV4)?.ToList();
        }

        List<IPAddress> addresses = [];
        foreach (var text in texts)
        {
            if (!TryParse(text, isV4, out var one))
            {
                why ??= $"{parameter.Name}: {text}: not [INTERFACE|]ADDRESS[/LENGTH]";
            }
            else if (above?.Contains(one.Address) == false)
            {
                why ??= $"{parameter.Name}: {one.Address} is not an address of jail \"{jail.Parent!.Name}\"";
            }
            else if (addresses.Contains(one.Address) || addresses.Count == Most)
            {
                why ??= addresses.Count == Most ? $"{parameter.Name}: more than {Most}" : $"{parameter.Name}: {one.Address} twice";
            }
            else
            {
                addresses.Add(one.Address);
            }
        }

        return addresses;
    }

    private static string[] Split(Jail jail, bool isV4)
        => jail.GetText(isV4 ? JailParameters.Ip4Address : JailParameters.Ip6Address).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool TryParse(string text, bool isV4, out (string? Link, IPAddress Address, int Length) result)
    {
        var bar = text.IndexOf('|', StringComparison.Ordinal);
        var (rest, slash) = (text[(bar + 1)..], text.LastIndexOf('/'));
        slash = slash < 0 ? rest.Length : slash - bar - 1;
        result = (bar < 0 ? null : text[..bar], default, isV4 ? 32 : 128);
        if (!System.Net.IPAddress.TryParse(rest[..slash], out var parsed) || parsed.GetAddressBytes().Length != (isV4 ? 4 : 16))
        {
            return false;
        }

        result.Address = IPAddress.FromBytes(parsed.GetAddressBytes());
        var isLength = slash == rest.Length || int.TryParse(rest[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out result.Length);
        return isLength && result.Length <= result.Address.Bits && result.Address is { IsUnspecified: false, IsMulticast: false, IsLimitedBroadcast: false };
    }
}
