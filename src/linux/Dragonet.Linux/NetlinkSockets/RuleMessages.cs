using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Rules of policy routing (ip-rule(8)). Inside the stack.</summary>
internal static class RuleMessages
{
    /// <summary>ip rule list.</summary>
    public static Errno List(in RouteRequest request)
    {
        foreach (var rule in request.Stack.Rules.All)
        {
            if (request.Family == 0 || request.Family == FamilyOf(rule))
            {
                request.Answers.Add(Describe(rule, request));
            }
        }

        return Errno.OK;
    }

    /// <summary>ip rule add.</summary>
    public static Errno Add(ref RouteRequest request)
    {
        if (Parse(ref request, out var wanted, out _) is not Errno.OK and var error)
        {
            return error;
        }

        var rules = request.Stack.Rules;
        var attributes = request.Attributes<fib_rule_hdr>();
        var rule = wanted with { Priority = attributes.Number(Netlink.FRA_PRIORITY) is { } priority ? (uint)priority : rules.NextPriority(wanted.IsV4) };
        if (rule.Target <= rule.Priority)
        {
            return request.Refuse(Errno.EINVAL, "Backward goto not supported"); // it would never end
        }

        if (rule is { Kind: RouteKind.Unicast, Table: 0, Target: null, IsNop: false })
        {
            return request.Refuse(Errno.EINVAL, "Invalid table");
        }

        // fib_newrule of Linux: one that says the same is there already.
        if (request.Has(Netlink.NLM_F_EXCL) && rules.All.Any(other => other with { Protocol = rule.Protocol } == rule))
        {
            return Errno.EEXIST;
        }

        rules.Add(rule);
        return Errno.OK;
    }

    /// <summary>ip rule del: the first that fits to everything that was said.</summary>
    public static Errno Delete(ref RouteRequest request)
    {
        if (Parse(ref request, out var wanted, out var header) is not Errno.OK and var error)
        {
            return error;
        }

        var attributes = request.Attributes<fib_rule_hdr>();
        var (priority, mask) = (attributes.Number(Netlink.FRA_PRIORITY), attributes.Has(Netlink.FRA_FWMASK));
        var found = request.Stack.Rules.All.FirstOrDefault(rule => rule.IsV4 == wanted.IsV4
            && (priority is not { } only || rule.Priority == (uint)only)
            && (wanted.Table == 0 || rule.Table == wanted.Table)
            && (header.action == 0 || (rule.Kind == wanted.Kind && (rule.Target is null) == (wanted.Target is null) && rule.IsNop == wanted.IsNop))
            && (wanted.From is null || rule.From == wanted.From)
            && (wanted.To is null || rule.To == wanted.To)
            && (wanted.Mark == 0 || rule.Mark == wanted.Mark)
            && (!mask || rule.Mask == wanted.Mask)
            && (wanted.Input is null || rule.Input == wanted.Input)
            && (wanted.Output is null || rule.Output == wanted.Output)
            && (!wanted.IsInverted || rule.IsInverted));
        if (found is null)
        {
            return Errno.ENOENT;
        }

        if (found.Priority == 0 && found.Table == Netlink.RT_TABLE_LOCAL)
        {
            return request.Refuse(Errno.EOPNOTSUPP, "The own addresses always come first");
        }

        request.Stack.Rules.Remove(found);
        return Errno.OK;
    }

    private static byte FamilyOf(RouteRule rule) => (byte)(rule.IsV4 ? AddressFamily.AF_INET : AddressFamily.AF_INET6);

    private static Errno Parse(ref RouteRequest request, out RouteRule rule, out fib_rule_hdr header)
    {
        rule = new RouteRule(true, 0, 0);
        if (!request.TryRead(out header))
        {
            return Errno.EINVAL;
        }

        var isV4 = header.family == (byte)AddressFamily.AF_INET;
        if (!isV4 && header.family != (byte)AddressFamily.AF_INET6)
        {
            return Errno.EAFNOSUPPORT;
        }

        RouteKind? kind = header.action switch
        {
            0 or Netlink.FR_ACT_TO_TBL or Netlink.FR_ACT_GOTO or Netlink.FR_ACT_NOP => RouteKind.Unicast,
            Netlink.FR_ACT_BLACKHOLE => RouteKind.Blackhole,
            Netlink.FR_ACT_UNREACHABLE => RouteKind.Unreachable,
            Netlink.FR_ACT_PROHIBIT => RouteKind.Prohibit,
            _ => null,
        };
        var bits = isV4 ? 32 : 128;
        if (header.src_len > bits || header.dst_len > bits)
        {
            return Errno.EINVAL;
        }

        if (kind is not { } given || header.tos != 0)
        {
            return request.Refuse(Errno.EOPNOTSUPP, "Rules with TOS are not supported");
        }

        // fib_nl2rule of Linux
        var attributes = request.Attributes<fib_rule_hdr>();
        var target = attributes.Number(Netlink.FRA_GOTO);
        if ((target is null) != (header.action != Netlink.FR_ACT_GOTO))
        {
            return request.Refuse(Errno.EINVAL, target is null ? "Missing goto target for action goto" : "Unexpected goto");
        }

        var mark = (uint)(attributes.Number(Netlink.FRA_FWMARK) ?? 0);
        rule = new RouteRule(isV4, 0, (uint)(attributes.Number(Netlink.FRA_TABLE) ?? header.table))
        {
            Kind = given,
            Target = (uint?)target,
            IsNop = header.action == Netlink.FR_ACT_NOP,
            From = attributes.Address(Netlink.FRA_SRC, isV4) is { } from && header.src_len > 0 ? new Prefix(from, header.src_len).Network : null,
            To = attributes.Address(Netlink.FRA_DST, isV4) is { } to && header.dst_len > 0 ? new Prefix(to, header.dst_len).Network : null,
            Mark = mark,
            Mask = (uint)(attributes.Number(Netlink.FRA_FWMASK) ?? (mark != 0 ? -1 : 0)),
            Input = NameOf(attributes, Netlink.FRA_IIFNAME),
            Output = NameOf(attributes, Netlink.FRA_OIFNAME),
            IsInverted = (header.flags & Netlink.FIB_RULE_INVERT) != 0,
            SuppressedLength = attributes.Number(Netlink.FRA_SUPPRESS_PREFIXLEN) ?? -1,
            Protocol = attributes.TryGet(Netlink.FRA_PROTOCOL, out var protocol) && protocol.Length == 1 ? protocol[0] : (byte)0,
        };
        return Errno.OK;
    }

    private static string? NameOf(NetlinkAttributes attributes, ushort type)
        => attributes.TryGet(type, out var bytes) && bytes.TrimEnd((byte)0) is { IsEmpty: false } name ? ByteString.FromBytes(name) : null;

    private static byte[] Describe(RouteRule rule, in RouteRequest request)
    {
        var message = new NetlinkMessage(request.Header, Netlink.RTM_NEWRULE, Netlink.NLM_F_MULTI, request.Port).Add(new fib_rule_hdr
        {
            family = FamilyOf(rule),
            src_len = (byte)(rule.From?.Length ?? 0),
            dst_len = (byte)(rule.To?.Length ?? 0),
            table = rule.Table < 256 ? (byte)rule.Table : Netlink.RT_TABLE_COMPAT,
            action = rule.Kind switch
            {
                RouteKind.Blackhole => Netlink.FR_ACT_BLACKHOLE,
                RouteKind.Unreachable => Netlink.FR_ACT_UNREACHABLE,
                RouteKind.Prohibit => Netlink.FR_ACT_PROHIBIT,
                _ => rule.Target is not null ? Netlink.FR_ACT_GOTO : rule.IsNop ? Netlink.FR_ACT_NOP : Netlink.FR_ACT_TO_TBL,
            },
            flags = (rule.IsInverted ? Netlink.FIB_RULE_INVERT : 0)
                | (request.Stack.Rules.IsUnresolved(rule) ? Netlink.FIB_RULE_UNRESOLVED : 0)
                | (rule.Input is { } into && request.Stack.FindInterface(into) is null ? Netlink.FIB_RULE_IIF_DETACHED : 0)
                | (rule.Output is { } outOf && request.Stack.FindInterface(outOf) is null ? Netlink.FIB_RULE_OIF_DETACHED : 0),
        });
        _ = message.Add(Netlink.FRA_TABLE, (int)rule.Table).Add(Netlink.FRA_SUPPRESS_PREFIXLEN, rule.SuppressedLength).Add(Netlink.FRA_PROTOCOL, [rule.Protocol]);
        if (rule.Target is { } target)
        {
            _ = message.Add(Netlink.FRA_GOTO, (int)target);
        }

        if (rule.Input is { } input)
        {
            _ = message.Add(Netlink.FRA_IIFNAME, input);
        }

        if (rule.Output is { } output)
        {
            _ = message.Add(Netlink.FRA_OIFNAME, output);
        }

        if (rule.Priority != 0)
        {
            _ = message.Add(Netlink.FRA_PRIORITY, (int)rule.Priority);
        }

        if (rule.Mark != 0)
        {
            _ = message.Add(Netlink.FRA_FWMARK, (int)rule.Mark);
        }

        if (rule.Mark != 0 || rule.Mask != 0)
        {
            _ = message.Add(Netlink.FRA_FWMASK, (int)rule.Mask);
        }

        if (rule.To is { } to)
        {
            _ = message.Add(Netlink.FRA_DST, RouteTableMessages.BytesOf(to.Address));
        }

        if (rule.From is { } from)
        {
            _ = message.Add(Netlink.FRA_SRC, RouteTableMessages.BytesOf(from.Address));
        }

        return message.Finish();
    }
}
