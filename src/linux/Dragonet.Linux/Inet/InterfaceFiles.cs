using System.Globalization;
using Dragonet.Abi;
using Dragonet.Linux.Tun;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>What /sys/class/net says of an interface (Documentation/ABI/testing/sysfs-class-net of Linux). Inside the stack.</summary>
internal static class InterfaceFiles
{
    private const int Persistent = 0x0800, NoHead = 0x1000, Tun = 1, Tap = 2; // linux/if_tun.h

    public static string? Read(Interface link, string file) => file switch
    {
        "address" => link.HardwareAddress?.ToString() ?? "",
        "addr_len" => Text(link.HardwareAddress is null ? 0 : 6),
        "broadcast" => link.HardwareAddress is null ? "" : link.IsLoopback ? "00:00:00:00:00:00" : "ff:ff:ff:ff:ff:ff",
        "carrier" => link.IsUp ? Text(link.HasCarrier ? 1 : 0) : "",
        "flags" => string.Create(CultureInfo.InvariantCulture, $"0x{InterfaceRequests.FlagsOf(link) & ~NetDevice.IFF_RUNNING:x}"),
        "ifindex" or "iflink" => Text(link.Index),
        "mtu" => Text(link.Mtu),
        "operstate" => link.IsLoopback ? "unknown" : link is { IsUp: true, HasCarrier: true } ? "up" : "down",
        "tx_queue_len" => Text(link.QueueLength),
        "type" => Text(link.IsLoopback ? NetDevice.ARPHRD_LOOPBACK : link.HardwareAddress is null ? NetDevice.ARPHRD_NONE : NetDevice.ARPHRD_ETHER),
        "tun_flags" when link.Driver is TunLink tun => string.Create(CultureInfo.InvariantCulture,
            $"0x{(tun.IsTap ? Tap : Tun) | (tun.HasHead ? 0 : NoHead) | (tun.IsPersistent ? Persistent : 0):x}"),
        "owner" when link.Driver is TunLink tun => tun.Owner is { } owner ? Text(owner) : "-1",
        "group" when link.Driver is TunLink tun => tun.Group is { } group ? Text(group) : "-1",
        "statistics/rx_bytes" => Text(link.Counters.ReceivedBytes),
        "statistics/rx_packets" => Text(link.Counters.ReceivedPackets),
        "statistics/tx_bytes" => Text(link.Counters.SentBytes),
        "statistics/tx_packets" => Text(link.Counters.SentPackets),
        "statistics/tx_dropped" => Text(link.Counters.SendDrops),
        "bridge/multicast_snooping" when BridgeOf(link) is { } bridge => Text(bridge.IsSnooping ? 1 : 0),
        "bridge/multicast_querier" when BridgeOf(link) is not null => "0",
        "bridge/hash_max" when BridgeOf(link) is { } bridge => Text(bridge.MaxGroups),
        _ => null,
    };

    /// <summary>EINVAL for what a file does not take, EACCES for one that is only read.</summary>
    public static Errno Write(Interface link, string file, string text)
    {
        if (BridgeOf(link) is not { } bridge || file is not ("bridge/multicast_snooping" or "bridge/hash_max"))
        {
            return Errno.EACCES;
        }

        if (!int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return Errno.EINVAL;
        }

        if (file == "bridge/hash_max")
        {
            bridge.MaxGroups = number;
        }
        else
        {
            bridge.IsSnooping = number != 0;
        }

        return Errno.OK;
    }

    private static Bridge? BridgeOf(Interface link) => (link as EthernetInterface)?.Bridge;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
