using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>Error queues and timestamps (ip(7), "IP_RECVERR"; Documentation/networking/timestamping.rst and msg_zerocopy.rst of Linux).</summary>
internal abstract partial class InetFile
{
    private int _timestampingName = SocketOption.SO_TIMESTAMPING; // or its new name; guarded by the stack's lock

    /// <summary>What waits for MSG_ERRQUEUE. Inside the stack.</summary>
    protected abstract ErrorQueue Errors { get; }

    /// <summary>SO_TIMESTAMPING, with flags that are right together. Inside the stack.</summary>
    protected abstract Errno SetTimestamping(uint flags);

    /// <summary>The control messages that the socket asked for about a message; null for none.</summary>
    protected virtual List<(int Level, int Type, byte[] Data)>? Describe(in Datagram about) => null;

    /// <summary>One entry of the error queue: what was sent, to whom, and in a control message what was said of it and by whom.</summary>
    protected Result<int> ReceiveError(SocketError error, Span<byte> buffer, out Received received)
    {
        received = default;
        var isIcmp = error.Origin == ErrorOrigin.Icmp;
        var count = Math.Min(buffer.Length, error.Data.Length);
        error.Data.AsSpan(0, count).CopyTo(buffer);
        received.FullLength = error.Data.Length;
        received.Address = isIcmp ? Format(error.Destination) : null;
        received.Flags = MsgFlags.MSG_ERRQUEUE | (count < error.Data.Length ? MsgFlags.MSG_TRUNC : MsgFlags.None);
        received.Controls = isIcmp ? Describe(error.About) ?? [] : [];
        if (error.Origin == ErrorOrigin.Timestamp && (Errors.Timestamping & SocketOption.SOF_TIMESTAMPING_SOFTWARE) != 0)
        {
            received.Controls.Add(StampMessage(error.Time));
        }

        // struct sock_extended_err (linux/errqueue.h), then the address of who sent the message.
        var who = isIcmp ? InetAddress.Format(error.About.Source, IsV6 ? AddressFamily.AF_INET6 : AddressFamily.AF_INET) : new byte[IsV6 ? 28 : 16];
        var data = new byte[16 + who.Length];
        BinaryPrimitives.WriteInt32LittleEndian(data, (int)error.Number);
        data[4] = (byte)(isIcmp && !error.About.Source.Address.IsV4 ? ErrorOrigin.Icmp + 1 : error.Origin);
        data[5] = error.Type;
        data[6] = error.Code;
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(8), error.Information);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(12), error.Value);
        who.CopyTo(data.AsSpan(16));
        received.Controls.Add(IsV6 ? (InetOption.IPPROTO_IPV6, InetOption.IPV6_RECVERR, data) : (InetOption.IPPROTO_IP, InetOption.IP_RECVERR, data));
        return count;
    }

    /// <summary>SO_TIMESTAMP and SO_TIMESTAMPING of what was received.</summary>
    protected void AddReceiveTime(ref List<(int Level, int Type, byte[] Data)>? controls, long at)
    {
        if (Options.ReceiveTimestamp != 0)
        {
            (controls ??= []).Add(Options.TimestampMessage(Network.ToRealtime(at)));
        }

        const uint both = SocketOption.SOF_TIMESTAMPING_RX_SOFTWARE | SocketOption.SOF_TIMESTAMPING_SOFTWARE;
        if (_hasTimestamping && (Errors.Timestamping & both) == both)
        {
            (controls ??= []).Add(StampMessage(at));
        }
    }

    private bool _hasTimestamping; // guarded by the stack's lock: it was set once

    /// <summary>SO_TIMESTAMPING (sock_set_timestamping of Linux).</summary>
    private Errno SetTimestamping(int name, ReadOnlySpan<byte> value)
    {
        if (value.Length < 4)
        {
            return Errno.EINVAL;
        }

        var flags = BinaryPrimitives.ReadUInt32LittleEndian(value);
        if ((flags & ~SocketOption.SOF_TIMESTAMPING_MASK) != 0
            || (flags & (SocketOption.SOF_TIMESTAMPING_OPT_ID | SocketOption.SOF_TIMESTAMPING_OPT_ID_TCP)) == SocketOption.SOF_TIMESTAMPING_OPT_ID_TCP
            || (flags & (SocketOption.SOF_TIMESTAMPING_OPT_STATS | SocketOption.SOF_TIMESTAMPING_OPT_TSONLY)) == SocketOption.SOF_TIMESTAMPING_OPT_STATS)
        {
            return Errno.EINVAL;
        }

        (_timestampingName, _hasTimestamping) = (name, true);
        return SetTimestamping(flags);
    }

    /// <summary>SO_ZEROCOPY: what is sent with MSG_ZEROCOPY is copied, and the sender is told so.</summary>
    private Errno SetZeroCopy(ReadOnlySpan<byte> value)
    {
        if (Protocol is not (InetOption.IPPROTO_TCP or InetOption.IPPROTO_UDP))
        {
            return Errno.EOPNOTSUPP;
        }

        if (value.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(value) is not (0 or 1))
        {
            return Errno.EINVAL;
        }

        Errors.TellsCopies = value[0] != 0;
        return Errno.OK;
    }

    /// <summary>struct scm_timestamping: the first of three times is the software's.</summary>
    private (int Level, int Type, byte[] Data) StampMessage(long at)
    {
        var data = new byte[48];
        SocketOptions.Bytes(timespec.FromNanoseconds(Network.ToRealtime(at))).CopyTo(data, 0);
        return (SocketOption.SOL_SOCKET, _timestampingName, data);
    }
}
