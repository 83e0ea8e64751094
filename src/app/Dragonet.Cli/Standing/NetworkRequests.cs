using System.Globalization;
using Dragonet.Control;
using Dragonet.Networking;

namespace Dragonet.Cli.Standing;

/// <summary>What `dragonet net` asks, answered by the kernel that stays.</summary>
internal static class NetworkRequests
{
    internal const string Usage = "dragonet net ls|stats|route|ss [-j JAIL] [--json] | capture [IF] [-w FILE] | impair IF delay=20ms loss=1% seed=7…|off"
        + " | bridge add NAME [stp]|addm NAME IF [private]|delm IF|fdb NAME | epair add NAME | mv IF JAIL | rm IF | rule add input|forward|output MATCH… accept|drop|reject|add prerouting|postrouting MATCH… masquerade|snat to ADDR|dnat to ADDR[:PORT]|redirect [to :PORT]|ls|rm HANDLE|flush|policy HOOK VERDICT | up IF | down IF | addr add|del IF ADDR/LEN";

    internal static List<Dictionary<string, string>> Answer(NetworkControl networks, string? jail, List<string> words)
    {
        switch (words)
        {
            case ["ls"]:
                return Rows(networks.ListInterfaces(jail), static link =>
                [
                    ("jail", link.Jail), ("index", Text(link.Index)), ("name", link.Name), ("kind", link.Kind), ("state", link.IsUp ? "up" : "down"), ("mtu", Text(link.Mtu)),
                    ("mac", link.HardwareAddress), ("addresses", string.Join(' ', link.Addresses)), ("peer", link.Peer), ("bridge", link.Bridge), ("impairment", link.Impairment),
                ]);
            case ["stats"]:
                return Rows(networks.ListInterfaces(jail), static link =>
                [
                    ("jail", link.Jail), ("name", link.Name), ("rx packets", Text(link.ReceivedPackets)), ("rx bytes", Text(link.ReceivedBytes)), ("rx errors", Text(link.ReceiveErrors)),
                    ("tx packets", Text(link.SentPackets)), ("tx bytes", Text(link.SentBytes)), ("tx drops", Text(link.SendDrops)),
                ]);
            case ["route"]:
                return Rows(networks.ListRoutes(jail), static route =>
                    [("jail", route.Jail), ("destination", route.Destination), ("gateway", route.Gateway), ("interface", route.Interface), ("source", route.Source), ("metric", Text(route.Metric))]);
            case ["ss"]:
                return Rows(networks.ListSockets(jail), static socket =>
                [
                    ("jail", socket.Jail), ("protocol", socket.Protocol), ("state", socket.State), ("recv-q", Text(socket.ReceiveQueue)), ("send-q", Text(socket.SendQueue)),
                    ("local", socket.Local), ("remote", socket.Remote), ("uid", Text(socket.Owner)),
                ]);
            case ["rule", "ls"]:
                return Rows(networks.ListRules(jail), static rule => [("jail", rule.Jail), ("handle", rule.Handle == 0 ? "" : Text(rule.Handle)), ("packets", rule.Handle == 0 ? "" : Text(rule.Packets)), ("rule", rule.Rule)]);
            case ["bridge", "fdb", var bridge]:
                return Rows(networks.ListAddresses(bridge, jail), static entry => [("mac", entry.Address), ("vlan", Text(entry.Vlan)), ("port", entry.Port), ("static", entry.IsStatic ? "yes" : "no")]);
            default:
                Change(networks, jail, words);
                return [];
        }
    }

    private static void Change(NetworkControl networks, string? jail, List<string> words)
    {
        switch (words)
        {
            case ["bridge", "add", var name]:
                networks.CreateBridge(name, spanningTree: false, jail);
                break;
            case ["bridge", "add", var name, "stp"]:
                networks.CreateBridge(name, spanningTree: true, jail);
                break;
            case ["bridge", "addm", var name, var link]:
                networks.AddPort(name, link, isPrivate: false, jail);
                break;
            case ["bridge", "addm", var name, var link, "private"]:
                networks.AddPort(name, link, isPrivate: true, jail);
                break;
            case ["bridge", "delm", var link]:
                networks.RemovePort(link, jail);
                break;
            case ["epair", "add", var name]:
                networks.CreatePair(name, jail);
                break;
            case ["mv", var link, var to]:
                networks.Move(link, to, jail);
                break;
            case ["rm", var name]:
                networks.Remove(name, jail);
                break;
            case ["up", var link]:
                networks.SetUp(link, up: true, jail);
                break;
            case ["down", var link]:
                networks.SetUp(link, up: false, jail);
                break;
            case ["addr", "add" or "del", var link, var address]:
                networks.SetAddress(link, address, words[1] == "add", jail);
                break;
            case ["rule", "add", _, ..]:
                _ = networks.AddRule(string.Join(' ', words.Skip(2)), jail);
                break;
            case ["rule", "rm", var handle] when int.TryParse(handle, NumberStyles.None, CultureInfo.InvariantCulture, out var number):
                networks.RemoveRule(number, jail);
                break;
            case ["rule", "policy", var hook, var verdict]:
                networks.SetPolicy(hook, verdict, jail);
                break;
            case ["rule", "flush"]:
                networks.FlushRules(jail);
                break;
            case ["impair", var link, _, ..]:
                networks.Impair(link, string.Join(' ', words.Skip(2)), jail);
                break;
            default:
                throw new ControlException($"net: {Usage}");
        }
    }

    private static List<Dictionary<string, string>> Rows<T>(IEnumerable<T> items, Func<T, (string Name, string Value)[]> columns)
        => [.. items.Select(item => columns(item).ToDictionary(static column => column.Name, static column => column.Value))];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
