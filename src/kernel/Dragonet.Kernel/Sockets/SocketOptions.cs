using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Options of level SOL_SOCKET (socket(7)). Each is one word; a reader may see any mixture of two changes.</summary>
public sealed class SocketOptions
{
    /// <summary>Default size of the buffers (/proc/sys/net/core/wmem_default), and the most that a guest may ask for.</summary>
    public const int DefaultBuffer = 212992;

    private readonly Dictionary<int, int> _values = []; // guarded by itself: options that are only remembered

    /// <summary>SO_SNDBUF as read back: twice what was set.</summary>
    public int SendBuffer { get; private set; } = DefaultBuffer;

    /// <summary>SO_RCVBUF.</summary>
    public int ReceiveBuffer { get; private set; } = DefaultBuffer;

    /// <summary>SO_RCVTIMEO in nanoseconds; 0 for none.</summary>
    public long ReceiveTimeout { get; private set; }

    /// <summary>SO_SNDTIMEO in nanoseconds; 0 for none.</summary>
    public long SendTimeout { get; private set; }

    /// <summary>SO_PASSCRED.</summary>
    public bool PassCredentials { get; set; }

    /// <summary>SO_TIMESTAMP, SO_TIMESTAMPNS or one of their new names, which exclude each other: the one that is on, or 0.</summary>
    public int ReceiveTimestamp { get; private set; }

    /// <summary>SO_RCVLOWAT: bytes of a stream that a reader waits for.</summary>
    public int ReceiveLowWater { get; set; } = 1;

    /// <summary>The family can do SO_PEEK_OFF.</summary>
    public bool CanPeekAt { get; init; }

    /// <summary>SO_PEEK_OFF: where the next MSG_PEEK begins; negative for the front.</summary>
    public int PeekOffset { get; set; } = -1;

    /// <summary>SO_BUF_LOCK: which sizes the program has set itself.</summary>
    public int BufferLocks { get; private set; }

    /// <summary>SO_MAX_PACING_RATE in bytes per second; all ones for none. It is kept and told, and slows nothing.</summary>
    public ulong MaxPacingRate { get; private set; } = ulong.MaxValue;

    /// <summary>SO_LINGER in seconds, or null.</summary>
    public int? Linger { get; private set; }

    /// <summary>Begins with another socket's options, as a connection begins with its listener's (accept(2)).</summary>
    public void CopyFrom(SocketOptions other)
    {
        (SendBuffer, ReceiveBuffer, SendTimeout, ReceiveTimeout) = (other.SendBuffer, other.ReceiveBuffer, other.SendTimeout, other.ReceiveTimeout);
        (Linger, ReceiveTimestamp, ReceiveLowWater, BufferLocks) = (other.Linger, other.ReceiveTimestamp, other.ReceiveLowWater, other.BufferLocks);
        MaxPacingRate = other.MaxPacingRate;
        KeyValuePair<int, int>[] values;
        lock (other._values)
        {
            values = [.. other._values];
        }

        foreach (var (name, value) in values)
        {
            _ = Remember(name, value);
        }
    }

    /// <summary>A flag or number that is only remembered (SO_REUSEADDR, SO_KEEPALIVE, …).</summary>
    public int GetRemembered(int name)
    {
        lock (_values)
        {
            return _values.GetValueOrDefault(name);
        }
    }

    private bool IsRemembered(int name)
    {
        lock (_values)
        {
            return _values.ContainsKey(name);
        }
    }

    /// <summary>setsockopt(2).</summary>
    public Errno Set(Task task, int name, ReadOnlySpan<byte> value)
    {
        switch (name)
        {
            case SocketOption.SO_RCVTIMEO or SocketOption.SO_SNDTIMEO or SocketOption.SO_RCVTIMEO_NEW or SocketOption.SO_SNDTIMEO_NEW:
                return SetTimeout(name is SocketOption.SO_RCVTIMEO or SocketOption.SO_RCVTIMEO_NEW, value);
            case SocketOption.SO_LINGER when value.Length >= 8:
                var linger = MemoryMarshal.Read<linger>(value);
                Linger = linger.l_onoff != 0 ? linger.l_linger : null;
                return Errno.OK;
            case SocketOption.SO_LINGER:
                return Errno.EINVAL;
            case SocketOption.SO_BINDTODEVICE:
                return task.Credentials.Has(Capability.CAP_NET_RAW) ? Errno.ENODEV : Errno.EPERM;
        }

        if (value.Length < 4)
        {
            return Errno.EINVAL;
        }

        var number = BinaryPrimitives.ReadInt32LittleEndian(value);
        switch (name)
        {
            case SocketOption.SO_SNDBUFFORCE or SocketOption.SO_RCVBUFFORCE when !task.Credentials.Has(Capability.CAP_NET_ADMIN):
                return Errno.EPERM;
            case SocketOption.SO_SNDBUF or SocketOption.SO_SNDBUFFORCE:
                SendBuffer = BufferSize(number, name == SocketOption.SO_SNDBUFFORCE, 4608);
                BufferLocks |= SocketOption.SOCK_SNDBUF_LOCK;
                return Errno.OK;
            case SocketOption.SO_RCVBUF or SocketOption.SO_RCVBUFFORCE:
                ReceiveBuffer = BufferSize(number, name == SocketOption.SO_RCVBUFFORCE, 2304);
                BufferLocks |= SocketOption.SOCK_RCVBUF_LOCK;
                return Errno.OK;
            case SocketOption.SO_PASSCRED:
                PassCredentials = number != 0;
                return Errno.OK;
            case SocketOption.SO_DEBUG or SocketOption.SO_MARK when number != 0 && !task.Credentials.Has(Capability.CAP_NET_ADMIN):
                return name == SocketOption.SO_DEBUG ? Errno.EACCES : Errno.EPERM;
            case SocketOption.SO_PRIORITY when number is < 0 or > 6 && !task.Credentials.Has(Capability.CAP_NET_ADMIN):
                return Errno.EPERM;
            case SocketOption.SO_BUF_LOCK when (number & ~(SocketOption.SOCK_SNDBUF_LOCK | SocketOption.SOCK_RCVBUF_LOCK)) != 0:
                return Errno.EINVAL;
            case SocketOption.SO_BUF_LOCK:
                BufferLocks = number;
                return Errno.OK;
            case SocketOption.SO_PEEK_OFF when !CanPeekAt:
                return Errno.EOPNOTSUPP;
            case SocketOption.SO_PEEK_OFF:
                PeekOffset = number;
                return Errno.OK;
            case SocketOption.SO_TIMESTAMP or SocketOption.SO_TIMESTAMPNS or SocketOption.SO_TIMESTAMP_NEW or SocketOption.SO_TIMESTAMPNS_NEW:
                ReceiveTimestamp = number != 0 ? name : 0; // sock_set_timestamp of Linux
                return Errno.OK;
            case SocketOption.SO_MAX_PACING_RATE:
                // A long, or an int whose bits are all set for none (sk_setsockopt of Linux).
                MaxPacingRate = value.Length >= 8 ? BinaryPrimitives.ReadUInt64LittleEndian(value) : number == -1 ? ulong.MaxValue : (uint)number;
                return Errno.OK;
            case SocketOption.SO_BUSY_POLL when number < 0:
                return Errno.EINVAL;
            case SocketOption.SO_BUSY_POLL when number > GetRemembered(name) && !task.Credentials.Has(Capability.CAP_NET_ADMIN):
                return Errno.EPERM;
            case SocketOption.SO_BUSY_POLL: // there is no queue of a device to look at
            case SocketOption.SO_PRIORITY or SocketOption.SO_MARK or SocketOption.SO_INCOMING_CPU:
                return Remember(name, number);
            case SocketOption.SO_RCVLOWAT:
                ReceiveLowWater = number < 0 ? int.MaxValue : Math.Max(number, 1);
                return Errno.OK;
            case SocketOption.SO_DEBUG or SocketOption.SO_REUSEADDR or SocketOption.SO_DONTROUTE or SocketOption.SO_BROADCAST or SocketOption.SO_KEEPALIVE
                or SocketOption.SO_OOBINLINE or SocketOption.SO_NO_CHECK or SocketOption.SO_REUSEPORT or SocketOption.SO_PASSSEC
                or SocketOption.SO_RXQ_OVFL or SocketOption.SO_SELECT_ERR_QUEUE:
                return Remember(name, number != 0 ? 1 : 0);
            case SocketOption.SO_BSDCOMPAT:
                return Errno.OK;
            default:
                return Errno.ENOPROTOOPT;
        }
    }

    /// <summary>getsockopt(2).</summary>
    public Result<byte[]> Get(SocketFile socket, int name) => name switch
    {
        SocketOption.SO_TYPE => Word((int)socket.Type),
        SocketOption.SO_DOMAIN => Word((int)socket.Domain),
        SocketOption.SO_PROTOCOL => Word(socket.Protocol),
        SocketOption.SO_ERROR => Word((int)socket.TakeError()),
        SocketOption.SO_ACCEPTCONN => Word(socket.IsListening ? 1 : 0),
        SocketOption.SO_SNDBUF => Word(SendBuffer),
        SocketOption.SO_RCVBUF => Word(ReceiveBuffer),
        SocketOption.SO_PASSCRED => Word(PassCredentials ? 1 : 0),
        SocketOption.SO_SNDLOWAT => Word(1),
        SocketOption.SO_RCVLOWAT => Word(ReceiveLowWater),
        SocketOption.SO_BUF_LOCK => Word(BufferLocks),
        SocketOption.SO_PEEK_OFF => CanPeekAt ? Word(PeekOffset) : Errno.EOPNOTSUPP,
        SocketOption.SO_TIMESTAMP or SocketOption.SO_TIMESTAMPNS or SocketOption.SO_TIMESTAMP_NEW or SocketOption.SO_TIMESTAMPNS_NEW
            => Word(ReceiveTimestamp == name ? 1 : 0),
        SocketOption.SO_LINGER => Bytes(new linger { l_onoff = Linger is null ? 0 : 1, l_linger = Linger ?? 0 }),
        SocketOption.SO_RCVTIMEO or SocketOption.SO_RCVTIMEO_NEW => Bytes(timeval.FromNanoseconds(ReceiveTimeout)),
        SocketOption.SO_SNDTIMEO or SocketOption.SO_SNDTIMEO_NEW => Bytes(timeval.FromNanoseconds(SendTimeout)),
        SocketOption.SO_MAX_PACING_RATE => Bytes(MaxPacingRate),
        SocketOption.SO_COOKIE => Bytes(socket.Number),
        SocketOption.SO_BINDTODEVICE => (byte[])[],
        SocketOption.SO_DEBUG or SocketOption.SO_REUSEADDR or SocketOption.SO_DONTROUTE or SocketOption.SO_BROADCAST or SocketOption.SO_KEEPALIVE
            or SocketOption.SO_OOBINLINE or SocketOption.SO_NO_CHECK or SocketOption.SO_REUSEPORT or SocketOption.SO_RXQ_OVFL
            or SocketOption.SO_SELECT_ERR_QUEUE or SocketOption.SO_PASSSEC or SocketOption.SO_PRIORITY or SocketOption.SO_MARK
            or SocketOption.SO_BSDCOMPAT or SocketOption.SO_BUSY_POLL => Word(GetRemembered(name)),
        SocketOption.SO_INCOMING_CPU => Word(IsRemembered(name) ? GetRemembered(name) : -1),
        _ => Errno.ENOPROTOOPT,
    };

    /// <summary>Moves SO_PEEK_OFF: forward by what was looked at, back by what was read (sk_peek_offset_fwd and _bwd of Linux).</summary>
    public void MovePeekOffset(int count, bool peek)
    {
        if (PeekOffset >= 0)
        {
            PeekOffset = peek ? PeekOffset + count : Math.Max(PeekOffset - count, 0);
        }
    }

    /// <summary>The control message of SO_TIMESTAMP and its kin (socket(7)); <see cref="ReceiveTimestamp"/> is on.</summary>
    /// <param name="realtime">Nanoseconds since 1970.</param>
    public (int Level, int Type, byte[] Data) TimestampMessage(long realtime) => (SocketOption.SOL_SOCKET, ReceiveTimestamp,
        ReceiveTimestamp is SocketOption.SO_TIMESTAMP or SocketOption.SO_TIMESTAMP_NEW ? Bytes(timeval.FromNanoseconds(realtime)) : Bytes(timespec.FromNanoseconds(realtime)));

    /// <summary>An int as an option's value.</summary>
    public static byte[] Word(int value) => Bytes(value);

    /// <summary>A structure as an option's value.</summary>
    public static byte[] Bytes<T>(T value)
        where T : unmanaged
        => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();

    private static int BufferSize(int wanted, bool isForced, int least) =>
        Math.Max(2 * (isForced ? Math.Min(wanted, int.MaxValue / 4) : Math.Min(wanted, DefaultBuffer)), least);

    private Errno SetTimeout(bool isReceive, ReadOnlySpan<byte> value)
    {
        if (value.Length < 16)
        {
            return Errno.EINVAL;
        }

        var time = MemoryMarshal.Read<timeval>(value);
        if ((ulong)time.tv_usec >= 1_000_000)
        {
            return Errno.EDOM;
        }

        // A negative time is an immediate timeout; 0 is none.
        var nanoseconds = time.tv_sec < 0 ? 1 : time.ToNanoseconds();
        if (isReceive)
        {
            ReceiveTimeout = nanoseconds;
        }
        else
        {
            SendTimeout = nanoseconds;
        }

        return Errno.OK;
    }

    private Errno Remember(int name, int value)
    {
        lock (_values)
        {
            _values[name] = value;
        }

        return Errno.OK;
    }
}
