using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.NetlinkSockets;
using Dragonet.Net;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Inet;

/// <summary>Options of TCP sockets (tcp(7)).</summary>
internal sealed partial class TcpFile
{
    private const int LeastReceiveBuffer = 2304;     // SOCK_MIN_RCVBUF

    private bool _tellsRest; // TCP_INQ

    /// <inheritdoc/>
    public override Result<byte[]> GetOption(Task task, int level, int name)
    {
        if ((level, name) is not (SocketOption.SOL_SOCKET, SocketOption.SO_SNDBUF or SocketOption.SO_RCVBUF))
        {
            return base.GetOption(task, level, name);
        }

        using (Network.Enter())
        {
            return SocketOptions.Word(name == SocketOption.SO_SNDBUF ? _socket.Settings.SendBuffer : _socket.Settings.ReceiveBuffer);
        }
    }

    /// <inheritdoc/>
    protected override (int Received, int MostReceived, int Sent, int MostSent, long Drops) MemoryUse
        => (_socket.IncomingCount, _socket.Settings.ReceiveBuffer, _socket.OutgoingCount, _socket.Settings.SendBuffer, 0);

    /// <inheritdoc/>
    protected override PacketFilter? Filter
    {
        get => _socket.Settings.Filter;
        set => _socket.Settings.Filter = value;
    }

    /// <inheritdoc/>
    protected override void Apply(int name)
    {
        var settings = _socket.Settings;
        switch (name)
        {
            case SocketOption.SO_RCVLOWAT:
                // Nobody shall wait for what the buffer has no room for (tcp_set_rcvlowat of Linux).
                settings.ReceiveLowWater = Math.Min(Options.ReceiveLowWater, (settings.LocksReceiveBuffer ? settings.ReceiveBuffer : Network.Stack.TcpMemory.LargestReceive) / 2);
                settings.ReceiveBuffer = Math.Max(settings.ReceiveBuffer, settings.LocksReceiveBuffer ? 0 : 2 * settings.ReceiveLowWater);
                Options.ReceiveLowWater = settings.ReceiveLowWater;
                _ = _socket.Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM); // what is there may be enough now
                break;
            case SocketOption.SO_SNDBUF or SocketOption.SO_SNDBUFFORCE:
                settings.SendBuffer = Options.SendBuffer;
                settings.LocksSendBuffer = true;
                break;
            case SocketOption.SO_RCVBUF or SocketOption.SO_RCVBUFFORCE:
                settings.ReceiveBuffer = Options.ReceiveBuffer;
                settings.LocksReceiveBuffer = true;
                break;
            case SocketOption.SO_BUF_LOCK:
                settings.LocksSendBuffer = (Options.BufferLocks & SocketOption.SOCK_SNDBUF_LOCK) != 0;
                settings.LocksReceiveBuffer = (Options.BufferLocks & SocketOption.SOCK_RCVBUF_LOCK) != 0;
                break;
            case SocketOption.SO_MARK:
                settings.Mark = (uint)Options.GetRemembered(name);
                break;
            case SocketOption.SO_OOBINLINE:
                settings.UrgentInline = Options.GetRemembered(name) != 0;
                break;
            case SocketOption.SO_REUSEADDR:
                settings.ReuseAddress = Options.GetRemembered(name) != 0;
                break;
            case SocketOption.SO_REUSEPORT:
                settings.ReusePort = Options.GetRemembered(name) != 0;
                break;
            case SocketOption.SO_KEEPALIVE:
                settings.KeepAlive = Options.GetRemembered(name) != 0;
                _socket.SettingsChanged(push: false);
                break;
        }
    }

    /// <inheritdoc/>
    protected override Errno SetProtocolOption(Task task, int level, int name, ReadOnlySpan<byte> value)
    {
        if (level != InetOption.IPPROTO_TCP)
        {
            return Errno.ENOPROTOOPT;
        }

        var settings = _socket.Settings;
        if (name == InetOption.TCP_CONGESTION)
        {
            return SetCongestion(settings, value);
        }

        if (name == InetOption.TCP_FASTOPEN_KEY)
        {
            settings.FastOpenKey = value.Length is 16 or 32 ? value.ToArray() : settings.FastOpenKey;
            return value.Length is 16 or 32 ? Errno.OK : Errno.EINVAL;
        }

        if (value.Length < 4)
        {
            return Errno.EINVAL;
        }

        var number = BinaryPrimitives.ReadInt32LittleEndian(value);
        switch (name)
        {
            case InetOption.TCP_NODELAY:
                settings.NoDelay = number != 0;
                _socket.SettingsChanged(push: settings.NoDelay && !settings.Cork);
                return Errno.OK;
            case InetOption.TCP_CORK:
                settings.Cork = number != 0;
                _socket.SettingsChanged(push: !settings.Cork);
                return Errno.OK;
            case InetOption.TCP_MAXSEG when number == 0 || number is >= 88 and <= 32767:
                settings.MaximumSegment = number;
                return Errno.OK;
            case InetOption.TCP_KEEPIDLE when number is >= 1 and <= 32767:
                settings.KeepIdle = number;
                break;
            case InetOption.TCP_KEEPINTVL when number is >= 1 and <= 32767:
                settings.KeepInterval = number;
                break;
            case InetOption.TCP_KEEPCNT when number is >= 1 and <= 127:
                settings.KeepCount = number;
                break;
            case InetOption.TCP_SYNCNT when number is >= 1 and <= 127:
                settings.SynRetries = number;
                break;
            case InetOption.TCP_USER_TIMEOUT when number >= 0:
                settings.UserTimeout = number;
                break;
            case InetOption.TCP_LINGER2:
                settings.FinWait2Seconds = number is > 0 and <= 120 ? number : 60;
                break;
            case InetOption.TCP_DEFER_ACCEPT:
                settings.DeferAccept = WholeTimeouts(number);
                break;
            case InetOption.TCP_QUICKACK:
                _socket.AcknowledgesQuickly = (number & 1) != 0;
                return Errno.OK;
            case InetOption.TCP_NOTSENT_LOWAT:
                settings.UnsentLowWater = (uint)number;
                break;
            case InetOption.TCP_WINDOW_CLAMP when number == 0 && _socket.State != TcpState.Closed:
                return Errno.EINVAL;
            case InetOption.TCP_WINDOW_CLAMP:
                settings.WindowClamp = number == 0 ? 0 : Math.Max(number, LeastReceiveBuffer / 2);
                break;
            case InetOption.TCP_SAVE_SYN when number is >= 0 and <= 2:
                settings.SaveSyn = number;
                return Errno.OK;
            case InetOption.TCP_INQ when number is 0 or 1:
                _tellsRest = number != 0;
                return Errno.OK;
            case InetOption.TCP_SAVE_SYN or InetOption.TCP_INQ:
                return Errno.EINVAL;
            case InetOption.TCP_FASTOPEN when number >= 0 && _socket.State is TcpState.Closed or TcpState.Listen:
                settings.FastOpenQueue = Math.Min(number, Network.Settings.Backlog);
                return Errno.OK;
            case InetOption.TCP_FASTOPEN_CONNECT when number is 0 or 1:
                if ((Network.Stack.Options.FastOpen & 1) == 0)
                {
                    return Errno.EOPNOTSUPP;
                }

                settings.FastOpenConnect = number != 0;
                return _socket.State == TcpState.Closed ? Errno.OK : Errno.EINVAL;
            case InetOption.TCP_FASTOPEN_NO_COOKIE when number is 0 or 1 && _socket.State is TcpState.Closed or TcpState.Listen:
                settings.FastOpenWithoutCookie = number != 0;
                return Errno.OK;
            case InetOption.TCP_FASTOPEN or InetOption.TCP_FASTOPEN_CONNECT or InetOption.TCP_FASTOPEN_NO_COOKIE:
                return Errno.EINVAL;
            case InetOption.TCP_ULP:
                return Errno.ENOENT; // no layer of that name
            case InetOption.TCP_REPAIR:
                return Errno.EPERM; // connections are not taken apart here
            case InetOption.TCP_MAXSEG or InetOption.TCP_KEEPIDLE or InetOption.TCP_KEEPINTVL or InetOption.TCP_KEEPCNT or InetOption.TCP_SYNCNT
                or InetOption.TCP_USER_TIMEOUT:
                return Errno.EINVAL;
            default:
                return Errno.ENOPROTOOPT;
        }

        _socket.SettingsChanged(push: false);
        return Errno.OK;
    }

    /// <inheritdoc/>
    protected override Result<byte[]> GetProtocolOption(int level, int name)
    {
        var settings = _socket.Settings;
        return level != InetOption.IPPROTO_TCP ? Errno.EOPNOTSUPP : name switch
        {
            InetOption.TCP_NODELAY => SocketOptions.Word(settings.NoDelay ? 1 : 0),
            InetOption.TCP_CORK => SocketOptions.Word(settings.Cork ? 1 : 0),
            InetOption.TCP_MAXSEG => SocketOptions.Word(_socket.State is TcpState.Closed or TcpState.Listen && settings.MaximumSegment > 0 ? settings.MaximumSegment : _socket.GetInfo().SendSegment),
            InetOption.TCP_KEEPIDLE => SocketOptions.Word(settings.KeepIdle),
            InetOption.TCP_KEEPINTVL => SocketOptions.Word(settings.KeepInterval),
            InetOption.TCP_KEEPCNT => SocketOptions.Word(settings.KeepCount),
            InetOption.TCP_SYNCNT => SocketOptions.Word(settings.SynRetries),
            InetOption.TCP_USER_TIMEOUT => SocketOptions.Word(settings.UserTimeout),
            InetOption.TCP_LINGER2 => SocketOptions.Word(settings.FinWait2Seconds),
            InetOption.TCP_DEFER_ACCEPT => SocketOptions.Word(settings.DeferAccept),
            InetOption.TCP_QUICKACK => SocketOptions.Word(_socket.AcknowledgesQuickly ? 1 : 0),
            InetOption.TCP_WINDOW_CLAMP => SocketOptions.Word(settings.WindowClamp > 0 || _socket.State == TcpState.Closed ? settings.WindowClamp : settings.ReceiveBuffer),
            InetOption.TCP_NOTSENT_LOWAT => SocketOptions.Word((int)settings.UnsentLowWater),
            InetOption.TCP_SAVE_SYN => SocketOptions.Word(settings.SaveSyn),
            InetOption.TCP_SAVED_SYN => TakeSavedSyn(),
            InetOption.TCP_FASTOPEN => SocketOptions.Word(settings.FastOpenQueue),
            InetOption.TCP_FASTOPEN_CONNECT => SocketOptions.Word(settings.FastOpenConnect ? 1 : 0),
            InetOption.TCP_FASTOPEN_NO_COOKIE => SocketOptions.Word(settings.FastOpenWithoutCookie ? 1 : 0),
            InetOption.TCP_FASTOPEN_KEY => settings.FastOpenKey ?? [],
            InetOption.TCP_CC_INFO or InetOption.TCP_ULP => (byte[])[], // of neither there is anything to say
            InetOption.TCP_INQ => SocketOptions.Word(_tellsRest ? 1 : 0),
            InetOption.TCP_INFO => SocketOptions.Bytes(Describe(_socket.GetInfo())),
            InetOption.TCP_CONGESTION => CongestionName(settings.Congestion),
            _ => Errno.ENOPROTOOPT,
        };
    }

    /// <summary>INET_DIAG_INFO and INET_DIAG_CONG (sock_diag(7)). Inside the stack.</summary>
    internal void AddDiagnosis(NetlinkMessage message, bool info, bool congestion)
    {
        if (info)
        {
            _ = message.Add(SockDiag.INET_DIAG_INFO, SocketOptions.Bytes(Describe(_socket.GetInfo())));
        }

        if (congestion)
        {
            _ = message.Add(SockDiag.INET_DIAG_CONG, _socket.Settings.Congestion == CongestionKind.Reno ? "reno" : "cubic");
        }
    }

    /// <summary>It is read once.</summary>
    private byte[] TakeSavedSyn()
    {
        var saved = _socket.SavedSyn ?? [];
        _socket.SavedSyn = null;
        return saved;
    }

    /// <summary>TCP_DEFER_ACCEPT counts whole repetitions of the answer, after 1, 2, 4, … seconds (secs_to_retrans of Linux).</summary>
    private static int WholeTimeouts(int seconds)
    {
        var (time, timeout) = (0, 1);
        for (var count = 0; time < seconds && count < byte.MaxValue; count++)
        {
            time += timeout;
            timeout = Math.Min(2 * timeout, 120);
        }

        return time;
    }

    private static Errno SetCongestion(TcpSettings settings, ReadOnlySpan<byte> value)
    {
        var end = value.IndexOf((byte)0);
        switch (Encoding.ASCII.GetString(end < 0 ? value : value[..end]))
        {
            case "cubic":
                settings.Congestion = CongestionKind.Cubic;
                return Errno.OK;
            case "reno":
                settings.Congestion = CongestionKind.Reno;
                return Errno.OK;
            case "":
                return Errno.EINVAL;
            default:
                return Errno.ENOENT;
        }
    }

    /// <summary>TCP_CA_NAME_MAX is 16.</summary>
    private static byte[] CongestionName(CongestionKind kind)
    {
        var name = new byte[16];
        _ = Encoding.ASCII.GetBytes(kind == CongestionKind.Reno ? "reno" : "cubic", name);
        return name;
    }

    private tcp_info Describe(in TcpInfo info) => new()
    {
        tcpi_state = (byte)info.State,
        tcpi_ca_state = (byte)(info.InRecovery ? 3 : 0),
        tcpi_retransmits = (byte)info.Retransmits,
        tcpi_probes = (byte)info.Probes,
        tcpi_backoff = (byte)info.Retransmits,
        tcpi_options = (byte)((info.HasTimestamps ? 1 : 0) | (info.HasSack ? 2 : 0) | (info.HasScaling ? 4 : 0) | (info.HasSynData ? 32 : 0)),
        tcpi_wscale = (byte)(info.SendShift | info.ReceiveShift << 4),
        tcpi_rto = Microseconds(info.Timeout),
        tcpi_ato = 40000,
        tcpi_snd_mss = (uint)info.SendSegment,
        tcpi_rcv_mss = (uint)info.ReceiveSegment,
        tcpi_unacked = (uint)info.Unacknowledged,
        tcpi_sacked = (uint)info.Sacked,
        tcpi_lost = (uint)info.Lost,
        tcpi_last_data_sent = (uint)(info.SinceSent / 1_000_000),
        tcpi_last_data_recv = (uint)(info.SinceReceived / 1_000_000),
        tcpi_last_ack_recv = (uint)(info.SinceReceived / 1_000_000),
        tcpi_pmtu = (uint)info.PathMtu,
        tcpi_rcv_ssthresh = (uint)info.ReceiveSpace,
        tcpi_rtt = info.RoundTrip == 0 ? 0 : Math.Max(Microseconds(info.RoundTrip), 1),
        tcpi_rttvar = Microseconds(info.RoundTripVariation),
        tcpi_snd_ssthresh = (uint)info.Threshold,
        tcpi_snd_cwnd = (uint)info.CongestionWindow,
        tcpi_advmss = (uint)info.SendSegment,
        tcpi_reordering = 3,
        tcpi_rcv_space = (uint)info.ReceiveSpace,
        tcpi_pacing_rate = ulong.MaxValue,
        tcpi_max_pacing_rate = Options.MaxPacingRate,
        tcpi_bytes_acked = (ulong)info.BytesAcknowledged,
        tcpi_bytes_received = (ulong)info.BytesReceived,
        tcpi_notsent_bytes = (uint)info.NotSent,
        tcpi_min_rtt = info.MinimumRoundTrip == long.MaxValue ? uint.MaxValue : Microseconds(info.MinimumRoundTrip),
    };

    private static uint Microseconds(long nanoseconds) => (uint)Math.Min(nanoseconds / 1000, uint.MaxValue);
}
