using Dragonet.Fs.Synthetic;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/net: what the network stack reports; without one, a lonely lo and no connections.</summary>
internal static class NetworkFiles
{
    private const string Sockets = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
    private const string Datagrams = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
    private const string Sockets6 = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

    private static readonly (string Name, string Text)[] s_files =
    [
        ("arp", "IP address       HW type     Flags       HW address            Mask     Device\n"),
        ("dev", "Inter-|   Receive                                                |  Transmit\n"
            + " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
            + "    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0\n"),
        ("dev_mcast", ""),
        ("if_inet6", "00000000000000000000000000000001 01 80 10 80       lo\n"),
        ("igmp", "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"),
        ("igmp6", ""),
        ("mcfilter", "Idx Device        MCA        SRC    INC    EXC\n"),
        ("mcfilter6", "Idx Device                Multicast Address                   Source Address    INC    EXC\n"),
        ("netlink", "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"),
        ("packet", "sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n"),
        ("raw", Datagrams[1..] + "\n"),
        ("raw6", Sockets6 + " ref pointer drops\n"),
        ("route", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT".PadRight(127) + "\n"),
        ("snmp", ""),
        ("sockstat", "sockets: used 0\nTCP: inuse 0 orphan 0 tw 0 alloc 0 mem 0\nUDP: inuse 0 mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n"),
        ("sockstat6", "TCP6: inuse 0\nUDP6: inuse 0\nUDPLITE6: inuse 0\nRAW6: inuse 0\nFRAG6: inuse 0 memory 0\n"),
        ("tcp", Sockets.PadRight(149) + "\n"),
        ("tcp6", Sockets6 + "\n"),
        ("udp", Datagrams.PadRight(127) + "\n"),
        ("udp6", Sockets6 + " ref pointer drops\n"),
        ("unix", "Num       RefCount Protocol Flags    Type St Inode Path\n"),
    ];

    /// <summary>Adds the files.</summary>
    internal static void Fill(StaticDirectory directory, ProcfsFileSystem owner)
    {
        foreach (var (name, text) in s_files)
        {
            directory.Add(name, new TextFile(owner, caller => owner.Kernel.Sockets.Network?.Read(caller, name) ?? text));
        }
    }
}
