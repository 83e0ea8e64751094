using System.Globalization;
using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>The files of /proc/net (proc(5)) as each jail's stack fills them.</summary>
internal sealed class NetworkReport(Kernel.Kernel kernel, JailLocal<NetworkStack> stacks) : INetwork
{
    private const string TcpHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
    private const string UdpHead = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
    private const string HeadV6 = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

    /// <inheritdoc/>
    public string? Read(ICaller caller, string file)
    {
        var network = Of(caller);
        if (file == "unix")
        {
            return Unix(caller is Task task ? task.Jail : kernel.Jails.Root);
        }

        using (network.Enter())
        {
            var stack = network.Stack;
            return file switch
            {
                "tcp" => Tcp(network, isV6: false),
                "tcp6" => Tcp(network, isV6: true),
                "udp" => Udp(network, isV6: false),
                "udp6" => Udp(network, isV6: true),
                "dev" => Devices(stack),
                "route" => Routes(stack),
                "if_inet6" => AddressesV6(network),
                "raw" => Raw(network, isV6: false),
                "raw6" => Raw(network, isV6: true),
                "packet" => Packets(network),
                "snmp" => Counters(network),
                "sockstat" => Totals(network, isV6: false),
                "sockstat6" => Totals(network, isV6: true),
                _ => GroupReport.Read(stack, file),
            };
        }
    }

    /// <inheritdoc/>
    public string? ReadSetting(ICaller caller, string name)
    {
        var network = Of(caller);
        using (network.Enter())
        {
            return network.Settings.Read(name);
        }
    }

    /// <inheritdoc/>
    public Errno WriteSetting(ICaller caller, string name, string text)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (!caller.Credentials.Has(Capability.CAP_NET_ADMIN))
        {
            return Errno.EPERM;
        }

        var network = Of(caller);
        using (network.Enter())
        {
            return network.Settings.Write(name, text);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListInterfaces(ICaller caller)
    {
        var network = Of(caller);
        using (network.Enter())
        {
            return [.. network.Stack.Interfaces.Select(link => link.Name)];
        }
    }

    /// <inheritdoc/>
    public string? ReadInterface(ICaller caller, string name, string file)
    {
        var network = Of(caller);
        using (network.Enter())
        {
            return network.Stack.FindInterface(name) is { } link ? InterfaceFiles.Read(link, file) : null;
        }
    }

    /// <inheritdoc/>
    public Errno WriteInterface(ICaller caller, string name, string file, string text)
    {
        var network = Of(caller);
        if (network.IsShared || !caller.Credentials.Has(Capability.CAP_NET_ADMIN))
        {
            return Errno.EPERM;
        }

        using (network.Enter())
        {
            return network.Stack.FindInterface(name) is { } link ? InterfaceFiles.Write(link, file, text) : Errno.ENODEV;
        }
    }

    /// <inheritdoc/>
    public SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        var network = Of(caller);
        using (network.Enter())
        {
            return InterfaceRequests.Run(network, caller, request, argument);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<string, long>> Count(IEnumerable<Jail> jails)
    {
        long connections = 0, open = 0, packets = 0, timers = 0, bytes = 0, host = 0, links = 0;
        foreach (var jail in jails)
        {
            var network = jail.Get(stacks);
            using (network.Enter())
            {
                if (network.IsShared)
                {
                    connections += network.Stack.ListTcp().Count(entry => network.Shows(entry.Addresses));
                    continue; // the rest is counted where the stack is
                }

                var census = network.Stack.Census;
                connections += census.Connections;
                open += census.TcpSockets + census.DatagramSockets;
                packets += census.Packets + census.Fragments;
                timers += census.Timers;
                bytes += census.BufferedBytes;
                host += network.HostSockets;
                links += network.Stack.Interfaces.Count - 1;
            }
        }

        return [new("net.connections", connections), new("net.sockets", open), new("net.packets", packets), new("net.timers", timers), new("net.bytes", bytes), new("net.host.sockets", host), new("net.interfaces", links)];
    }

    private NetworkStack Of(ICaller caller) => (caller is Task task ? task.Jail : kernel.Jails.Root).Get(stacks);

    private static string Tcp(NetworkStack network, bool isV6)
    {
        var text = new StringBuilder(Pad(isV6 ? HeadV6 : TcpHead, isV6 ? 0 : 149));
        var number = 0;
        foreach (var entry in network.Stack.ListTcp().Where(entry => entry.IsV6 == isV6 && network.Shows(entry.Addresses)))
        {
            // slot, addresses, state, queues, timer, retransmissions, user, timeout, inode, references, then internals
            _ = text.Append(Pad(string.Create(CultureInfo.InvariantCulture,
                $"{number++,4}: {Address(entry.Local, isV6)} {Address(entry.Remote, isV6)} {(int)entry.State:X2} {entry.SendQueue:X8}:{entry.ReceiveQueue:X8} 00:00000000 {entry.Retransmits:X8} {entry.Owner,5} {0,8} {Inode(entry.Socket?.Tag)} 1 0000000000000000 20 4 0 10 -1"), 149));
        }

        return text.ToString();
    }

    private static string Udp(NetworkStack network, bool isV6)
    {
        var text = new StringBuilder(Pad(isV6 ? HeadV6 + " ref pointer drops" : UdpHead, isV6 ? 0 : 127));
        foreach (var socket in network.Stack.ListUdp().Where(socket => socket.IsV6 == isV6 && network.Shows(socket.Addresses)))
        {
            var remote = socket.Remote ?? new Endpoint(isV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
            _ = text.Append(Pad(string.Create(CultureInfo.InvariantCulture,
                $"{socket.Local.Port,5}: {Address(socket.Local, isV6)} {Address(remote, isV6)} {(socket.Remote is null ? 7 : 1):X2} 00000000:{socket.Held:X8} 00:00000000 00000000 {socket.Owner,5} {0,8} {Inode(socket.Tag)} 2 0000000000000000 {socket.Drops}"), isV6 ? 0 : 127));
        }

        return text.ToString();
    }

    private static string Devices(Stack stack)
    {
        var text = new StringBuilder("Inter-|   Receive                                                |  Transmit\n"
            + " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n");
        foreach (var link in stack.Interfaces)
        {
            var counters = link.Counters;
            _ = text.Append(CultureInfo.InvariantCulture,
                $"{link.Name,6}: {counters.ReceivedBytes,7} {counters.ReceivedPackets,7} {counters.ReceiveErrors,4} {0,4} {0,4} {0,5} {0,10} {0,9} {counters.SentBytes,8} {counters.SentPackets,7} {0,4} {counters.SendDrops,4} {0,4} {0,5} {0,7} {0,10}\n");
        }

        return text.ToString();
    }

    /// <summary>The main table; routes to lo are of the local table, which this file does not show.</summary>
    private static string Routes(Stack stack)
    {
        var text = new StringBuilder(Pad("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT", 127));
        foreach (var route in stack.Routes.All.Where(route => route.Destination.Address.IsV4 && !route.Interface.IsLoopback && route.Interface.IsUp))
        {
            var mask = route.Destination.Length == 0 ? 0 : uint.MaxValue << (32 - route.Destination.Length);
            var flags = 1 | (route.Gateway is null ? 0 : 2);
            _ = text.Append(Pad(string.Create(CultureInfo.InvariantCulture,
                $"{route.Interface.Name}\t{Word(route.Destination.Address.V4)}\t{Word(route.Gateway?.V4 ?? 0)}\t{flags:X4}\t0\t0\t{route.Metric}\t{Word(mask)}\t0\t0\t0"), 127));
        }

        return text.ToString();
    }

    private static string AddressesV6(NetworkStack network)
    {
        var text = new StringBuilder();
        foreach (var link in network.Stack.Interfaces)
        {
            foreach (var prefix in link.Addresses.Where(prefix => !prefix.Address.IsV4 && network.Shows(prefix.Address)))
            {
                var scope = prefix.Address.IsLoopback ? 0x10 : prefix.Address.IsLinkLocal ? 0x20 : 0;
                _ = text.Append(CultureInfo.InvariantCulture, $"{prefix.Address.High:x16}{prefix.Address.Low:x16} {link.Index:x2} {prefix.Length:x2} {scope:x2} 80 {link.Name,8}\n");
            }
        }

        return text.ToString();
    }

    private static string Counters(NetworkStack network)
    {
        var c = network.Stack.Counters;
        var current = network.Stack.ListTcp().Count(entry => network.Shows(entry.Addresses) && entry.State is TcpState.Established or TcpState.CloseWait);
        return
        "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates\n"
        + Line($"Ip: 2 64 {c.IPInReceives} {c.IPInHeaderErrors} {c.IPInAddressErrors} {c.IPForwarded} {c.IPInUnknownProtocols} 0 {c.IPInDelivers} {c.IPOutRequests} 0 {c.IPOutNoRoutes} 0 0 {c.IPReassembled} {c.IPReassemblyFailures} 0 0 {c.IPFragmented}\n")
        + "Icmp: InMsgs InErrors OutMsgs OutErrors\n"
        + Line($"Icmp: {c.IcmpInMessages} {c.IcmpInErrors} {c.IcmpOutMessages} 0\n")
        + "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n"
        + Line($"Tcp: 1 200 120000 -1 {c.TcpActiveOpens} {c.TcpPassiveOpens} {c.TcpAttemptFailures} {c.TcpEstablishedResets} {current} {c.TcpInSegments} {c.TcpOutSegments} {c.TcpRetransmitted} {c.TcpInErrors} {c.TcpOutResets} 0\n")
        + "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti\n"
        + Line($"Udp: {c.UdpIn} {c.UdpNoPorts} {c.UdpInErrors} {c.UdpOut} {c.UdpBufferErrors} 0 0 0\n");
    }

    private static string Totals(NetworkStack network, bool isV6)
    {
        var stack = network.Stack;
        var listed = stack.ListTcp().Where(entry => network.Shows(entry.Addresses)).ToArray();
        var udp = stack.ListUdp().Count(socket => socket.IsV6 == isV6 && network.Shows(socket.Addresses));
        var raw = stack.ListRaw().Count(socket => socket.IsV6 == isV6 && network.Shows(socket.Addresses));
        var (over, tcp) = (listed.Count(entry => entry.State == TcpState.TimeWait), listed.Count(entry => entry.IsV6 == isV6 && entry.State != TcpState.TimeWait));
        var census = stack.Census;
        return isV6
            ? Line($"TCP6: inuse {tcp}\nUDP6: inuse {udp}\nUDPLITE6: inuse 0\nRAW6: inuse {raw}\nFRAG6: inuse 0 memory 0\n")
            : Line($"sockets: used {census.TcpSockets + census.DatagramSockets}\nTCP: inuse {tcp} orphan {listed.Count(IsOrphan)} tw {over} alloc {Math.Max(census.TcpSockets, listed.Length - over)} mem {census.BufferedBytes / 4096}\n")
                + Line($"UDP: inuse {udp} mem 0\nUDPLITE: inuse 0\nRAW: inuse {raw}\nFRAG: inuse {census.Fragments} memory 0\n");

        static bool IsOrphan(TcpEntry entry) => entry.Socket is null && entry.State is not (TcpState.TimeWait or TcpState.SynReceived or TcpState.Established);
    }

    /// <summary>The protocol is in the place of the port.</summary>
    private static string Raw(NetworkStack network, bool isV6)
    {
        var text = new StringBuilder(isV6 ? HeadV6 + " ref pointer drops\n" : UdpHead[1..] + "\n");
        foreach (var socket in network.Stack.ListRaw().Where(socket => socket.IsV6 == isV6 && network.Shows(socket.Addresses)))
        {
            var remote = socket.Remote ?? new Endpoint(isV6 ? IPAddress.AnyV6 : IPAddress.AnyV4, 0);
            _ = text.Append(CultureInfo.InvariantCulture,
                $"{socket.Local.Port,4}: {Address(socket.Local, isV6)} {Address(remote, isV6)} {(socket.Remote is null ? 7 : 1):X2} 00000000:{socket.Held:X8} 00:00000000 00000000 {socket.Owner,5} {0,8} {Inode(socket.Tag)} 2 0000000000000000 {socket.Drops}\n");
        }

        return text.ToString();
    }

    private static string Packets(NetworkStack network)
    {
        var text = new StringBuilder("sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n");
        foreach (var socket in network.IsShared ? [] : network.Stack.ListPackets())
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"0000000000000000 3      {(socket.IsRaw ? 3 : 2),-4} {socket.Protocol:x4}   {socket.InterfaceIndex,-5} 1 {0,-6} {0,-6} {Inode(socket.Tag),-6}\n");
        }

        return text.ToString();
    }

    /// <summary>unix(7) sockets; the state is that of a socket (SS_*), not of a connection.</summary>
    private static string Unix(Jail jail)
    {
        var text = new StringBuilder("Num       RefCount Protocol Flags    Type St Inode Path\n");
        foreach (var socket in UnixFamily.List(jail))
        {
            var isListening = socket.State == SockDiag.TCP_LISTEN;
            var name = socket.Name.Replace('\0', '@');
            _ = text.Append(CultureInfo.InvariantCulture,
                $"0000000000000000: {socket.References + 1:X8} 00000000 {(isListening ? 0x10000 : 0):X8} {(int)socket.Type:X4} {(socket.State == SockDiag.TCP_ESTABLISHED ? 3 : 1):X2} {socket.Number,5}{(name.Length > 0 ? " " : "")}{name}\n");
        }

        return text.ToString();
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Pad(string line, int width) => line.PadRight(width) + "\n";

    private static ulong Inode(object? tag) => (tag as SocketFile)?.Number ?? 0;

    /// <summary>Words of an address in the machine's order, as the kernel prints them.</summary>
    private static string Address(Endpoint endpoint, bool isV6)
    {
        var address = endpoint.Address;
        var ip = isV6
            ? Word((uint)(address.High >> 32)) + Word((uint)address.High) + Word((uint)(address.Low >> 32)) + Word((uint)address.Low)
            : Word(address.V4);
        return $"{ip}:{endpoint.Port:X4}";
    }

    internal static string Word(uint bigEndian) => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(bigEndian).ToString("X8", CultureInfo.InvariantCulture);
}
