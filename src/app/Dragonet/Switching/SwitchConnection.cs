using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform.Linux.HostSockets;

namespace Dragonet.Switching;

/// <summary>Somebody who is connected to a switch: nothing yet, a port, or a monitor.</summary>
internal sealed class SwitchConnection
{
    internal SwitchConnection(FrameSocket socket, int key, bool isDevice)
    {
        (Socket, Key) = (socket, key);
        (Pid, User) = isDevice ? (0, 0) : socket.Peer;
        Answers = new FrameQueue(Send);
    }

    internal FrameSocket Socket { get; }

    /// <summary>Its number in the poller.</summary>
    internal int Key { get; }

    /// <summary>Its process, as it says itself when it says so; for people.</summary>
    internal int Pid { get; set; }

    internal uint User { get; }

    /// <summary>What it is, once it is a port.</summary>
    internal SwitchPort? Port { get; set; }

    /// <summary>It sees everything that passes.</summary>
    internal bool IsMonitor { get; set; }

    /// <summary>Answers, or what a monitor sees.</summary>
    internal FrameQueue Answers { get; }

    /// <summary>It has gone.</summary>
    internal bool IsBroken { get; private set; }

    /// <summary>Frames wait for it.</summary>
    internal bool IsWaiting => Answers.Count > 0 || Port?.Queue.Count > 0;

    /// <summary>The poller waits for room.</summary>
    internal bool IsWatchedForRoom { get; set; }

    internal bool Send(ReadOnlySpan<byte> frame)
    {
        switch (Socket.Send(frame))
        {
            case Errno.EAGAIN:
                return false;
            case Errno.EPIPE or Errno.ECONNRESET:
                IsBroken = true;
                return true;
            default:
                return true; // sent, or what this receiver does not take: EMSGSIZE, EIO of a TAP device that is down
        }
    }

    internal void Flush()
    {
        if (Answers.Flush())
        {
            _ = Port?.Queue.Flush();
        }
    }
}
