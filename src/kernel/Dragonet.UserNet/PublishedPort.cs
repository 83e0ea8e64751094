using System.Globalization;
using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>A port of the host that leads to one of the guest (-p).</summary>
/// <param name="IsUdp">UDP, else TCP.</param>
/// <param name="Host">Where the host listens.</param>
/// <param name="GuestPort">The guest's port.</param>
public sealed record PublishedPort(bool IsUdp, Endpoint Host, ushort GuestPort)
{
    /// <summary>Reads "[ADDR:]HOST:GUEST[/tcp|/udp]"; an IPv6 address in brackets. Without an address it is 127.0.0.1: this machine only.</summary>
    /// <returns>Null when it is nothing of that.</returns>
    public static PublishedPort? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var isUdp = text.EndsWith("/udp", StringComparison.Ordinal);
        var rest = isUdp || text.EndsWith("/tcp", StringComparison.Ordinal) ? text[..^4] : text;
        var last = rest.LastIndexOf(':');
        if (last <= 0 || !TryPort(rest[(last + 1)..], out var guest) || guest == 0)
        {
            return null;
        }

        rest = rest[..last];
        last = rest.EndsWith(']') ? -1 : rest.LastIndexOf(':');
        if (!TryPort(rest[(last + 1)..], out var host))
        {
            return null;
        }

        var address = last < 0 ? "127.0.0.1" : rest[..last];
        if (address.StartsWith('[') && address.EndsWith(']'))
        {
            address = address[1..^1];
        }
        else if (address.Count(c => c == '.') != 3)
        {
            return null;
        }

        return System.Net.IPAddress.TryParse(address, out var parsed) && !address.Contains('%', StringComparison.Ordinal)
            ? new PublishedPort(isUdp, new Endpoint(Net.IPAddress.FromBytes(parsed.GetAddressBytes()), host), guest)
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Host}:{GuestPort}{(IsUdp ? "/udp" : "")}";

    private static bool TryPort(string text, out ushort port) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
}
