using System.Numerics;
using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Buffers that grow by themselves, unless the user has set them (tcp(7), tcp_rmem and tcp_wmem). A limit that grows takes no memory: a
/// buffer has what is in it.</summary>
internal sealed partial class TcpConnection
{
    /// <summary>What each end has when both are in this stack: several of the largest pieces that programs use, so that who is woken finds more
    /// than one to do before it waits again.</summary>
    private const int NearBuffer = 1024 * 1024;

    private readonly int _windowShift; // what this side offers
    private ReceiveTuning _tuning;
    private bool _isWriterWaiting;     // somebody found no room

    private TcpMemory Memory => _stack.TcpMemory;

    /// <summary>The handshake is over (tcp_init_buffer_space of Linux).</summary>
    private void InitBuffers()
    {
        if (FindPath() is { Interface.IsLoopback: true })
        {
            GrowReceive(NearBuffer);
            GrowSend(NearBuffer);
        }
        else
        {
            ExpandSendBuffer();
        }
    }

    /// <summary>The user has read (tcp_rcv_space_adjust of Linux).</summary>
    private void TuneReceiveBuffer()
    {
        if (_tuning.Taken(_incoming.Head, Now, _segmentSeen) is > 0 and var wanted)
        {
            GrowReceive(wanted);
        }
    }

    /// <summary>Data has come: how long a round trip takes.</summary>
    private void MeasureReceiver(in TcpOptions options, int length)
    {
        if (!_hasTimestamps)
        {
            _tuning.Received(_receiveNext, _receiveRight, Now);
        }
        else if (length >= _segmentSeen && options.TimestampEcho != 0)
        {
            _tuning.Echoed(options.TimestampEcho, TimestampNow - options.TimestampEcho, _roundTrip.Minimum);
        }
    }

    /// <summary>An acknowledgment made room, and somebody waits for it: twice the window of congestion control fits (tcp_sndbuf_expand and
    /// tcp_should_expand_sndbuf of Linux).</summary>
    private void ExpandSendBuffer()
    {
        // A segment counts with what Linux needs to keep it, so that SO_SNDBUF reads the same.
        const int headers = 640;
        const int buffer = 256;
        var each = (long)BitOperations.RoundUpToPowerOf2((uint)(_sendSegment + headers)) + buffer;
        GrowSend(2 * each * Math.Max(_congestion.Window / Math.Max(_sendSegment, 1), CongestionControl.InitialSegments));
    }

    private void OnRoomMade()
    {
        if (_isWriterWaiting && InFlight < _congestion.Window)
        {
            var before = Settings.SendBuffer;
            ExpandSendBuffer();
            if (Settings.SendBuffer > before)
            {
                _isWriterWaiting = false;
                Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
            }
        }
    }

    private void GrowReceive(long wanted)
    {
        if (wanted > Settings.ReceiveBuffer && !Settings.LocksReceiveBuffer && Memory is { ModeratesReceive: true, IsUnderPressure: false })
        {
            Settings.ReceiveBuffer = Math.Max(Settings.ReceiveBuffer, (int)Math.Min(wanted, Memory.LargestReceive));
        }
    }

    private void GrowSend(long wanted)
    {
        if (wanted > Settings.SendBuffer && !Settings.LocksSendBuffer && !Memory.IsUnderPressure)
        {
            Settings.SendBuffer = Math.Max(Settings.SendBuffer, (int)Math.Min(wanted, Memory.LargestSend));
        }
    }
}
