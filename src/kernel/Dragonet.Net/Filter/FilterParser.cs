using System.Globalization;

namespace Dragonet.Net;

/// <summary>Reads rules in the words of nft(8): "input iif eth0 ip saddr 10.0.0.0/8 tcp dport 80-443 ct state new,established accept".</summary>
public static class FilterParser
{
    /// <summary>Reads a rule; null, and why in one line, when it is none.</summary>
    public static FilterRule? Parse(IReadOnlyList<string> words, out string why)
    {
        ArgumentNullException.ThrowIfNull(words);
        why = "";
        if (words.Count == 0 || !RuleHook(words[0], out var hook))
        {
            why = "a rule begins with input, forward, output, prerouting or postrouting";
            return null;
        }

        var rule = new FilterRule { Hook = hook };
        var at = 1;
        while (at < words.Count)
        {
            var word = words[at++];
            if (at == words.Count && Verdict(word, out var verdict))
            {
                return Check(rule with { Verdict = verdict }, out why);
            }

            if (NatParser.IsAction(word))
            {
                why = "";
                return NatParser.Parse(rule, word, [.. words.Skip(at)], out why) is { } translating ? Check(translating, out why) : null;
            }

            var value = at < words.Count ? words[at] : "";
            FilterRule? next;
            switch (word)
            {
                case "iif" or "iifname":
                    next = IsName(value) ? rule with { InInterface = value } : null;
                    at++;
                    break;
                case "oif" or "oifname":
                    next = IsName(value) ? rule with { OutInterface = value } : null;
                    at++;
                    break;
                case "tcp" or "udp" or "icmp" or "icmpv6":
                    next = WithProtocol(rule, word);
                    break;
                case "sport":
                    next = Ports(value) is { } source ? rule with { SourcePorts = source } : null;
                    at++;
                    break;
                case "dport":
                    next = Ports(value) is { } destination ? rule with { DestinationPorts = destination } : null;
                    at++;
                    break;
                case "ip" or "ip6" when value is "saddr" or "daddr" && at + 1 < words.Count:
                    value = words[at + 1];
                    next = Network(value) is { } network && network.Address.IsV4 == (word == "ip")
                        ? words[at] == "saddr" ? rule with { Source = network } : rule with { Destination = network }
                        : null;
                    at += 2;
                    break;
                case "ct" when value == "state" && at + 1 < words.Count:
                    value = words[at + 1];
                    next = States(value) is { } states ? rule with { States = states } : null;
                    at += 2;
                    break;
                default:
                    why = $"'{word}': write iif, oif, ip saddr, ip daddr, ip6 saddr, ip6 daddr, tcp, udp, icmp, icmpv6, sport, dport, ct state, and accept, drop or reject at the end";
                    return null;
            }

            if (next is null)
            {
                why = value.Length == 0 ? $"'{word}' needs a value" : $"'{word} {value}' makes no sense here";
                return null;
            }

            rule = next;
        }

        why = IsTranslating(hook) ? "such a rule ends with masquerade, snat to, dnat to or redirect" : "a rule ends with accept, drop or reject";
        return null;
    }

    /// <summary>The name of a hook.</summary>
    public static bool Hook(string word, out FilterHook hook)
    {
        hook = word switch { "forward" => FilterHook.Forward, "output" => FilterHook.Output, _ => FilterHook.Input };
        return word is "input" or "forward" or "output";
    }

    private static bool RuleHook(string word, out FilterHook hook)
    {
        if (Hook(word, out hook))
        {
            return true;
        }

        hook = word == "prerouting" ? FilterHook.Prerouting : FilterHook.Postrouting;
        return word is "prerouting" or "postrouting";
    }

    private static bool IsTranslating(FilterHook hook) => hook is FilterHook.Prerouting or FilterHook.Postrouting;

    /// <summary>The name of a verdict.</summary>
    public static bool Verdict(string word, out FilterVerdict verdict)
    {
        verdict = word switch { "drop" => FilterVerdict.Drop, "reject" => FilterVerdict.Reject, _ => FilterVerdict.Accept };
        return word is "accept" or "drop" or "reject";
    }

    private static FilterRule? Check(FilterRule rule, out string why)
    {
        why = (rule.SourcePorts ?? rule.DestinationPorts) is not null && rule.Protocol is not (IPProtocol.Tcp or IPProtocol.Udp) ? "ports are of tcp or udp: write one of them"
            : IsTranslating(rule.Hook) != rule.Nat is not null ? "prerouting and postrouting translate (masquerade, snat to, dnat to, redirect), the others decide (accept, drop, reject)"
            : rule.Nat is { } nat && (rule.Hook == FilterHook.Postrouting) != (nat.Kind is NatKind.Masquerade or NatKind.Snat) ? "masquerade and snat are for postrouting, dnat and redirect for prerouting"
            : rule.Nat is { Port: > 0 } && rule.Protocol is not (IPProtocol.Tcp or IPProtocol.Udp) ? "ports are of tcp or udp: write one of them"
            : rule.Nat is not null && rule.States is not null ? "translation is about conversations, not packets: it takes no ct state"
            : rule.Hook is FilterHook.Input or FilterHook.Prerouting && rule.OutInterface is not null ? "what comes in has no oif"
            : rule.Hook is FilterHook.Output or FilterHook.Postrouting && rule.InInterface is not null ? "what goes out has no iif"
            : "";
        return why.Length == 0 ? rule : null;
    }

    private static FilterRule? WithProtocol(FilterRule rule, string word) => rule.Protocol is not null ? null : rule with
    {
        Protocol = word switch { "tcp" => IPProtocol.Tcp, "udp" => IPProtocol.Udp, "icmp" => IPProtocol.Icmp, _ => IPProtocol.IcmpV6 },
    };

    private static bool IsName(string text) => text.Length is > 0 and <= 15;

    private static (ushort First, ushort Last)? Ports(string text)
    {
        var parts = text.Split('-');
        return parts.Length <= 2 && Port(parts[0]) is { } first && Port(parts[^1]) is { } last && first <= last ? (first, last) : null;
    }

    private static ushort? Port(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;

    private static Prefix? Network(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (text.Contains('%', StringComparison.Ordinal) || !System.Net.IPAddress.TryParse(slash < 0 ? text : text[..slash], out var parsed))
        {
            return null;
        }

        var address = IPAddress.FromBytes(parsed.GetAddressBytes());
        var length = address.Bits;
        return slash < 0 || (int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) && length <= address.Bits)
            ? new Prefix(address, length).Network
            : null;
    }

    private static FlowState? States(string text)
    {
        var states = default(FlowState);
        foreach (var word in text.Split(','))
        {
            if (word is not ("new" or "established" or "related" or "invalid") || !Enum.TryParse<FlowState>(word, ignoreCase: true, out var state))
            {
                return null;
            }

            states |= state;
        }

        return states;
    }
}
