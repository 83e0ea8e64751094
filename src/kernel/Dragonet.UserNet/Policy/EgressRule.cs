using System.Globalization;
using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>One thing that guests may reach (--allow): everything outside, the host itself, a network, or a name; each with all ports or one.</summary>
public sealed record EgressRule
{
    private EgressRule()
    {
    }

    /// <summary>Everything outside of the host.</summary>
    public bool IsAny { get; private init; }

    /// <summary>The host's own loopback, as the gateway's address.</summary>
    public bool IsHost { get; private init; }

    /// <summary>A network, or null.</summary>
    public Prefix? Network { get; private init; }

    /// <summary>A host name in small letters, "*." in front for all names below it; or null.</summary>
    public string? Name { get; private init; }

    /// <summary>One port, or 0 for all.</summary>
    public ushort Port { get; private init; }

    /// <summary>Reads "any", "host", "10.0.0.0/8", "192.0.2.1:443", "[2001:db8::1]:443", "example.org:443", "*.example.org".</summary>
    /// <returns>Null when it is nothing of that.</returns>
    public static EgressRule? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var (what, port) = SplitPort(text);
        if (port < 0)
        {
            return null;
        }

        switch (what)
        {
            case "any":
                return new EgressRule { IsAny = true, Port = (ushort)port };
            case "host" or "localhost" or "127.0.0.1" or "::1":
                return new EgressRule { IsHost = true, Port = (ushort)port };
        }

        if (ParseNetwork(what) is { } network)
        {
            return new EgressRule { Network = network, Port = (ushort)port };
        }

        var name = what.ToLowerInvariant().TrimEnd('.');
        return IsName(name.StartsWith("*.", StringComparison.Ordinal) ? name[2..] : name) ? new EgressRule { Name = name, Port = (ushort)port } : null;
    }

    /// <summary>True when the rule is about this port.</summary>
    internal bool HasPort(ushort port) => Port == 0 || Port == port;

    /// <summary>True when it is about this name (in small letters, without a dot at the end).</summary>
    internal bool Names(string name) => Name is { } own
        && (own.StartsWith("*.", StringComparison.Ordinal) ? name.EndsWith(own[1..], StringComparison.Ordinal) && name.Length >= own.Length : name == own);

    private static (string What, int Port) SplitPort(string text)
    {
        var colon = text.LastIndexOf(':');
        var isBracketed = text.StartsWith('[');
        if (isBracketed)
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
            {
                return (text, -1);
            }

            // [ADDR], [ADDR]:PORT, [ADDR]/LEN, [ADDR]/LEN:PORT
            colon = text.IndexOf(':', end);
            var what = text[1..end] + (colon < 0 ? text[(end + 1)..] : text[(end + 1)..colon]);
            return (what, colon < 0 ? 0 : ParsePort(text[(colon + 1)..]));
        }

        return colon < 0 || text.IndexOf(':', StringComparison.Ordinal) != colon ? (text, 0) : (text[..colon], ParsePort(text[(colon + 1)..]));
    }

    private static int ParsePort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port != 0 ? port : -1;

    private static Prefix? ParseNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var address = slash < 0 ? text : text[..slash];
        if (address.Contains('%', StringComparison.Ordinal) || !(address.Contains(':', StringComparison.Ordinal) || address.Count(c => c == '.') == 3) || !System.Net.IPAddress.TryParse(address, out var parsed))
        {
            return null;
        }

        var ip = Net.IPAddress.FromBytes(parsed.GetAddressBytes());
        if (slash < 0)
        {
            return new Prefix(ip, ip.Bits);
        }

        // A mapped network is an IPv4 network, in other words.
        var isMapped = ip.IsV4 && address.Contains(':', StringComparison.Ordinal);
        return int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length - (isMapped ? 96 : 0) is >= 0 and var own && own <= ip.Bits
            ? new Prefix(ip, own).Network
            : null;
    }

    /// <summary>RFC 1123, section 2.1; underscores are in use.</summary>
    private static bool IsName(string name) => name.Length is > 0 and <= 253
        && name.Split('.').All(label => label.Length is > 0 and <= 63 && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        && !name.Split('.')[^1].All(char.IsAsciiDigit); // that would be an address that is none
}
