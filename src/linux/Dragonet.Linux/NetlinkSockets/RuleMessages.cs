using Dragonet.Abi;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>Rules of policy routing (ip-rule(8)): those that every stack has, and no others.</summary>
internal static class RuleMessages
{
    private static readonly (int Priority, byte Table)[] s_rules =
        [(0, Netlink.RT_TABLE_LOCAL), (32766, Netlink.RT_TABLE_MAIN), (32767, Netlink.RT_TABLE_DEFAULT)];

    public static Errno List(in RouteRequest request)
    {
        foreach (var family in new[] { (byte)AddressFamily.AF_INET, (byte)AddressFamily.AF_INET6 })
        {
            // The table "default" is of IPv4 alone (fib_default_rules_init, fib6_rules_net_init of Linux).
            foreach (var (priority, table) in s_rules.Take(family == (byte)AddressFamily.AF_INET ? 3 : 2))
            {
                if (request.Family != 0 && request.Family != family)
                {
                    continue;
                }

                var message = new NetlinkMessage(request.Header, Netlink.RTM_NEWRULE, Netlink.NLM_F_MULTI, request.Port)
                    .Add(new fib_rule_hdr { family = family, table = table, action = Netlink.FR_ACT_TO_TBL })
                    .Add(Netlink.FRA_TABLE, (int)table)
                    .Add(Netlink.FRA_SUPPRESS_PREFIXLEN, -1)
                    .Add(Netlink.FRA_PROTOCOL, [Netlink.RTPROT_KERNEL]);
                request.Answers.Add((priority == 0 ? message : message.Add(Netlink.FRA_PRIORITY, priority)).Finish());
            }
        }

        return Errno.OK;
    }
}
