using System.Globalization;
using System.Text;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>The files of /proc/net about multicast groups (proc(5)): igmp, igmp6, mcfilter, mcfilter6, dev_mcast. Inside the stack.</summary>
internal static class GroupReport
{
    private const int Loaded = 4;   // MAF_LOADED
    private const int Silent = 8;   // MAF_NOREPORT

    public static string? Read(Stack stack, string file) => file switch
    {
        "igmp" => GroupsV4(stack),
        "igmp6" => GroupsV6(stack),
        "mcfilter" => Filters(stack, isV4: true),
        "mcfilter6" => Filters(stack, isV4: false),
        "dev_mcast" => Hardware(stack),
        _ => null,
    };

    private static string GroupsV4(Stack stack)
    {
        var text = new StringBuilder("Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n");
        foreach (var link in stack.Interfaces)
        {
            var groups = stack.Groups.List(link).Where(entry => entry.Group.IsV4).ToArray();
            if (groups.Length == 0)
            {
                continue;
            }

            _ = text.Append(CultureInfo.InvariantCulture, $"{link.Index}\t{link.Name,-10}: {groups.Length,5} {"V3",7}\n");
            foreach (var entry in groups)
            {
                _ = text.Append(CultureInfo.InvariantCulture, $"\t\t\t\t{NetworkReport.Word(entry.Group.V4)} {entry.Users,5} 0:00000000\t\t0\n");
            }
        }

        return text.ToString();
    }

    private static string GroupsV6(Stack stack)
    {
        var text = new StringBuilder();
        foreach (var link in stack.Interfaces)
        {
            foreach (var entry in stack.Groups.List(link).Where(entry => !entry.Group.IsV4))
            {
                var isOfInterface = entry.Group == GroupTable.AllNodesOfInterface;
                var flags = (isOfInterface ? 0 : Loaded) | (isOfInterface || entry.Group == GroupTable.AllNodes ? Silent : 0);
                _ = text.Append(CultureInfo.InvariantCulture, $"{link.Index,-4} {link.Name,-15} {Hexadecimal(entry.Group)} {entry.Users,5} {flags:X8} 0\n");
            }
        }

        return text.ToString();
    }

    private static string Filters(Stack stack, bool isV4)
    {
        var text = new StringBuilder(isV4
            ? "Idx Device        MCA        SRC    INC    EXC\n"
            : "Idx Device                Multicast Address                   Source Address    INC    EXC\n");
        foreach (var link in stack.Interfaces)
        {
            foreach (var entry in stack.Groups.List(link).Where(entry => entry.Group.IsV4 == isV4))
            {
                var (included, excluded) = entry.Filter.Excludes ? (0, entry.Users) : (entry.Users, 0);
                foreach (var source in entry.Filter.Sources)
                {
                    var (group, from) = isV4 ? ($"0x{entry.Group.V4:x8}", $"0x{source.V4:x8}") : (Hexadecimal(entry.Group), Hexadecimal(source));
                    _ = text.Append(CultureInfo.InvariantCulture, $"{link.Index,3} {link.Name[..Math.Min(link.Name.Length, 6)],6} {group} {from} {included,6} {excluded,6}\n");
                }
            }
        }

        return text.ToString();
    }

    /// <summary>The MAC addresses of groups.</summary>
    private static string Hardware(Stack stack)
    {
        var text = new StringBuilder();
        foreach (var link in stack.Interfaces.OfType<EthernetInterface>())
        {
            foreach (var addresses in stack.Groups.List(link).Where(entry => entry.Group != GroupTable.AllNodesOfInterface).GroupBy(entry => EthernetAddress.OfMulticast(entry.Group)))
            {
                _ = text.Append(CultureInfo.InvariantCulture, $"{link.Index,-4} {link.Name,-15} {addresses.Count(),-5} {0,-5} {addresses.Key.Value:x12}\n");
            }
        }

        return text.ToString();
    }

    private static string Hexadecimal(IPAddress address) => string.Create(CultureInfo.InvariantCulture, $"{address.High:x16}{address.Low:x16}");
}
