using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>One message of several calls with MSG_MORE (send(2)); UDP has its own way, for UDP_CORK.</summary>
public abstract partial class DatagramSocket
{
    private ArrayBufferWriter<byte>? _collected;
    private (Endpoint? To, SendControls Controls) _collectedFor;

    /// <summary>Keeps data (<paramref name="more"/>), or sends it behind what was kept: where to is what the first call says.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="to">To whom.</param>
    /// <param name="controls">What is different for this message.</param>
    /// <param name="more">More will follow.</param>
    public Result<int> Collect(ReadOnlySpan<byte> data, Endpoint? to, in SendControls controls, bool more)
    {
        if (_collected is null && !more)
        {
            return Send(data, to, controls);
        }

        if (_collected is null)
        {
            if ((to ?? Remote) is null)
            {
                return Errno.EDESTADDRREQ;
            }

            (_collected, _collectedFor) = (new ArrayBufferWriter<byte>(), (to, controls));
        }

        // What becomes too long is lost altogether (ip_flush_pending_frames of Linux).
        var isTooLong = _collected.WrittenCount + data.Length > ushort.MaxValue;
        if (isTooLong || !Stack.Buffers.TryCharge(data.Length))
        {
            DropCollected();
            return isTooLong ? Errno.EMSGSIZE : Errno.ENOBUFS;
        }

        _collected.Write(data);
        if (more)
        {
            return data.Length;
        }

        var (whole, target) = (_collected, _collectedFor);
        DropCollected();
        return Send(whole.WrittenSpan, target.To, target.Controls).Ok(out _, out var error) ? data.Length : error;
    }

    private void DropCollected()
    {
        Stack.Buffers.Release(_collected?.WrittenCount ?? 0);
        _collected = null;
    }
}
