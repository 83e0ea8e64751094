using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>One datagram of several calls (udp(7), "UDP_CORK"; MSG_MORE), and several of one call ("UDP_SEGMENT").</summary>
public sealed partial class UdpSocket
{
    private const int MaxParts = 128; // UDP_MAX_SEGMENTS of Linux

    private ArrayBufferWriter<byte>? _held;
    private Endpoint? _heldTo;
    private SendControls _heldControls;

    /// <summary>UDP_SEGMENT: bytes of each of the datagrams that the data of a call is cut into; 0 for one datagram.</summary>
    public int Segment { get; set; }

    /// <summary>Keeps data for a datagram that <see cref="Push"/>, or a call of <see cref="Send(ReadOnlySpan{byte}, Endpoint?, in SendControls)"/>, completes.
    /// Where it goes is what the first call says.</summary>
    public Result<int> Hold(ReadOnlySpan<byte> data, Endpoint? to, in SendControls controls = default)
    {
        if (IsWriteShut)
        {
            return Errno.EPIPE;
        }

        if (TakeError() is not Errno.OK and var pending)
        {
            return pending;
        }

        if (_held is null)
        {
            if ((to ?? Remote) is not { } remote)
            {
                return Errno.EDESTADDRREQ;
            }

            var address = Destination(remote.Address);
            var error = remote.Port == 0 ? Errno.EINVAL : CheckBroadcast(address);
            if (error != Errno.OK || !Route(remote with { Address = address }, controls).Ok(out _, out error))
            {
                return error;
            }

            (_heldTo, _heldControls) = (to, controls);
        }

        return Keep(data) is not Errno.OK and var refused ? refused : data.Length;
    }

    /// <summary>Sends what was kept.</summary>
    public Errno Push() => _held is null || SendHeld([]).Ok(out _, out var error) ? Errno.OK : error;

    /// <summary>What was kept, and this behind it, as one datagram.</summary>
    private Result<int> SendHeld(ReadOnlySpan<byte> data)
    {
        if (Keep(data) is not Errno.OK and var refused)
        {
            return refused;
        }

        var (held, to, controls) = (_held!, _heldTo, _heldControls);
        DropHeld();
        return Send(held.WrittenSpan, to, controls).Ok(out _, out var error) ? data.Length : error;
    }

    /// <summary>What becomes too long is lost altogether (udp_flush_pending_frames of Linux).</summary>
    private Errno Keep(ReadOnlySpan<byte> data)
    {
        _held ??= new ArrayBufferWriter<byte>();
        var isTooLong = (_heldTo ?? Remote) is not { } remote || _held.WrittenCount + data.Length > LongestTo(Destination(remote.Address));
        if (isTooLong || !Stack.Buffers.TryCharge(data.Length))
        {
            DropHeld();
            return isTooLong ? Errno.EMSGSIZE : Errno.ENOBUFS;
        }

        _held.Write(data);
        return Errno.OK;
    }

    private void DropHeld()
    {
        Stack.Buffers.Release(_held?.WrittenCount ?? 0);
        _held = null;
    }

    /// <summary>udp_send_skb of Linux: each part must fit the link; EMSGSIZE since 6.13, EINVAL before.</summary>
    private Result<int> SendParts(ReadOnlySpan<byte> data, int size, Endpoint remote, in Path path, in SendControls controls)
    {
        var headers = UdpDatagram.HeaderSize + (remote.Address.IsV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize);
        if (size + headers > path.Mtu)
        {
            return Errno.EMSGSIZE;
        }

        if (data.Length > size * MaxParts)
        {
            return Errno.EINVAL;
        }

        for (var at = 0; at < data.Length; at += size)
        {
            if (!Send(data.Slice(at, Math.Min(size, data.Length - at)), remote, path, controls).Ok(out _, out var error))
            {
                return at > 0 ? at : error;
            }
        }

        return data.Length;
    }
}
