using System.Globalization;

namespace Dragonet.Net;

/// <summary>Reads what a translating rule does: "masquerade", "snat to 10.0.0.1", "dnat to 10.0.0.2:80", "dnat to [fd00::2]:80", "redirect to :8080".</summary>
internal static class NatParser
{
    public static bool IsAction(string word) => word is "masquerade" or "snat" or "dnat" or "redirect";

    /// <summary>Completes a rule; null, and why, when it makes no sense.</summary>
    public static FilterRule? Parse(FilterRule rule, string word, IReadOnlyList<string> rest, out string why)
    {
        why = "";
        NatAction? action = (word, rest) switch
        {
            ("masquerade", []) => new NatAction(NatKind.Masquerade),
            ("redirect", []) => new NatAction(NatKind.Redirect),
            ("redirect", ["to", [':', .. var port]]) when Port(port) is { } given => new NatAction(NatKind.Redirect, null, given),
            ("snat", ["to", var target]) => Target(NatKind.Snat, target),
            ("dnat", ["to", var target]) => Target(NatKind.Dnat, target),
            _ => null,
        };
        if (action is { } done)
        {
            return rule with { Nat = done };
        }

        why = $"'{string.Join(' ', rest.Prepend(word))}': write masquerade, snat to ADDRESS[:PORT], dnat to ADDRESS[:PORT] or redirect [to :PORT]";
        return null;
    }

    private static NatAction? Target(NatKind kind, string text)
    {
        var (address, port) = (text, (ushort)0);
        var colon = text.LastIndexOf(':');
        var isBracketed = text.StartsWith('[');
        if (colon >= 0 && (isBracketed ? text[colon - 1] == ']' : text.IndexOf(':', StringComparison.Ordinal) == colon))
        {
            if (Port(text[(colon + 1)..]) is not { } given)
            {
                return null;
            }

            (address, port) = (text[..colon], given);
        }

        address = isBracketed ? address.Trim('[', ']') : address;
        return System.Net.IPAddress.TryParse(address, out var parsed) && !address.Contains('%', StringComparison.Ordinal)
            && IPAddress.FromBytes(parsed.GetAddressBytes()) is { IsUnspecified: false, IsMulticast: false, IsLimitedBroadcast: false } target
            ? new NatAction(kind, target, port) : null;
    }

    private static ushort? Port(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0 ? port : null;
}
