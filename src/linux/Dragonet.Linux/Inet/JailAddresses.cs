using System.Globalization;
using System.Numerics;
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
        return jail.SharesNetwork ? Read(jail, jail.GetText, above, out why) : null;
    }

    /// <summary>The addresses that a jail without a stack of its own would have with other parameters.</summary>
    /// <param name="jail">The jail.</param>
    /// <param name="text">The parameters' values.</param>
    /// <param name="above">The addresses that the jail it is in is restricted to, or null.</param>
    /// <param name="why">What is wrong with them, or null.</param>
    public static AddressSet Read(Jail jail, Func<JailParameter, string> text, AddressSet? above, out string? why)
    {
        ArgumentNullException.ThrowIfNull(jail);
        ArgumentNullException.ThrowIfNull(text);
        why = null;
        var v4 = Family(jail, text, isV4: true, above, ref why);
        var v6 = Family(jail, text, isV4: false, above, ref why);
        return new AddressSet(v4, v6, jail.Has(JailParameters.Ip4Select), jail.Has(JailParameters.Ip6Select));
    }

    /// <summary>What is written in ip4.addr and ip6.addr: the interface (that of `interface`, or lo, when none stands there), address, length of
    /// the network part.</summary>
    public static IEnumerable<(string Link, IPAddress Address, int Length)> Listed(Func<JailParameter, string> text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var link = text(JailParameters.Interface) is { Length: > 0 } named ? named : "lo";
        foreach (var isV4 in (bool[])[true, false])
        {
            foreach (var each in Split(text, isV4))
            {
                if (TryParse(each, isV4, out var one))
                {
                    yield return (one.Link ?? link, one.Address, one.Length);
                }
            }
        }
    }

    private static List<IPAddress>? Family(Jail jail, Func<JailParameter, string> text, bool isV4, AddressSet? above, ref string? why)
    {
        var parameter = isV4 ? JailParameters.Ip4Address : JailParameters.Ip6Address;
        var texts = Split(text, isV4);
        var choice = text(isV4 ? JailParameters.Ip4 : JailParameters.Ip6);
        if (texts.Length > 0 && choice is "inherit" or "disable")
        {
            why ??= $"{parameter.Name}: not with {choice}";
        }

        if (choice == "inherit")
        {
            return above?.Of(isV4)?.ToList();
        }

        List<IPAddress> addresses = [];
        foreach (var each in texts)
        {
            if (!TryParse(each, isV4, out var one))
            {
                why ??= $"{parameter.Name}: {each}: not [INTERFACE|]ADDRESS[/LENGTH]";
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

    private static string[] Split(Func<JailParameter, string> text, bool isV4)
        => text(isV4 ? JailParameters.Ip4Address : JailParameters.Ip6Address).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

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
        var isLength = slash == rest.Length || int.TryParse(rest[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out result.Length) || (isV4 && TryParseMask(rest[(slash + 1)..], out result.Length));
        return isLength && result.Length <= result.Address.Bits && result.Address is { IsUnspecified: false, IsMulticast: false, IsLimitedBroadcast: false };
    }

    /// <summary>jail(8) takes the mask as 255.255.255.0, too.</summary>
    private static bool TryParseMask(string text, out int length)
    {
        length = 0;
        if (text.Count(static letter => letter == '.') != 3 || !System.Net.IPAddress.TryParse(text, out var parsed) || parsed.GetAddressBytes() is not [var a, var b, var c, var d])
        {
            return false;
        }

        var mask = (uint)((a << 24) | (b << 16) | (c << 8) | d);
        length = BitOperations.LeadingZeroCount(~mask);
        return mask == (length == 0 ? 0 : uint.MaxValue << (32 - length));
    }
}
