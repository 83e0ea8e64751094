using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>
/// When both ends are in this stack and nobody could see segments pass between them, data goes from one end's user straight into the other's
/// buffer. Both ends' sequence variables stand afterwards as if it had been sent, received and acknowledged, so that either way may follow
/// the other at any byte. Handshakes, ends and resets are always segments.
/// </summary>
internal sealed partial class TcpConnection
{
    private TcpConnection? _near;

    /// <summary>Nothing is on its way, so data may take the short way.</summary>
    private bool IsQuiet => State is TcpState.Established or TcpState.CloseWait or TcpState.FinWait1 or TcpState.LastAck or TcpState.Closing
        && _sent.Count == 0 && InFlight == 0;

    /// <summary>The other end, when it is here, has got everything that was sent, and takes more.</summary>
    private TcpConnection? FindNear()
    {
        if (FindPath() is not { Interface: LoopbackInterface { IsWatched: false } } || _stack.Firewall is not null || _stack.Raw.SocketCount > 0)
        {
            return null;
        }

        if (_near is not { State: not TcpState.Closed })
        {
            _near = _layer.Find(new TcpKey(Remote.Address, Remote.Port, Local.Address, Local.Port));
        }

        return _near is { State: TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2, _wasClosed: false, _finAt: < 0, _incoming.Later: null } near
            && near != this && near.Settings is { Filter: null, MinimalHops: 0, MinimalHopsV6: 0 } && near._irs == _iss && near._receiveNext == _sendNext ? near : null;
    }

    /// <summary>Room for data of the user, in the other end's buffer and in the own one. Who finds less than he wants waits for more.</summary>
    public int FindRoom(int wanted)
    {
        var room = _outgoing.Count == 0 && IsQuiet && FindNear() is { } near ? near.Room : 0;
        room += SendRoom;
        _isWriterWaiting |= room < wanted;
        return Math.Min(room, wanted);
    }

    /// <summary>Gives the other end as much of the user's data as it has room for.</summary>
    /// <returns>How much.</returns>
    private int Hand(ReadOnlySpan<byte> data)
    {
        if (_outgoing.Count > 0 || !IsQuiet || FindNear() is not { } near)
        {
            return 0;
        }

        var count = near.Take(data);
        if (count > 0)
        {
            _outgoing.Advance(_outgoing.Tail + count);
            AfterHanding(near, count);
        }

        return count;
    }

    /// <summary>As <see cref="Hand"/>, of a block by reference.</summary>
    /// <returns>True when it is the other end's; null when it is not for there.</returns>
    private bool? HandBlock(byte[] block, int count)
    {
        if (_outgoing.Count > 0 || !IsQuiet || FindNear() is not { } near || near.Room == 0)
        {
            return null;
        }

        if (near.Room < count || !near._incoming.Give(new ArraySegment<byte>(block, 0, count)))
        {
            return false;
        }

        near.Taken(count);
        _outgoing.Advance(_outgoing.Tail + count);
        AfterHanding(near, count);
        return true;
    }

    /// <summary>The user has read: the other end's data that had no room comes over, and the other end knows how much room there is now.</summary>
    /// <returns>False when segments have to tell.</returns>
    private bool Pull()
    {
        if (FindNear() is null || _near is not { IsQuiet: true, _hasMore: false, Settings.Cork: false } near
            || near._urgentEnd > near._sendNext || near.FindNear() != this)
        {
            return false;
        }

        var handed = 0;
        while (near._outgoing.Count > 0 && TakeOver(near) is > 0 and var count)
        {
            near.AfterHanding(this, count);
            handed += count;
        }

        near.TakeWindow(this);
        if (handed > 0)
        {
            if (near._outgoing.Count <= near.Settings.SendBuffer / 3 * 2)
            {
                near.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
            }

            near.Output(); // the end of the stream may be next
        }

        return true;
    }

    private int Room => Math.Max(Settings.ReceiveBuffer - _incoming.Count, 0);

    /// <summary>Data of the other end.</summary>
    private int Take(ReadOnlySpan<byte> data)
    {
        var count = Math.Min(data.Length, Room);
        if (count == 0 || !_incoming.Append(data[..count]))
        {
            return 0;
        }

        Taken(count);
        return count;
    }

    /// <summary>Some of what waits at the other end.</summary>
    private int TakeOver(TcpConnection near)
    {
        if (near._outgoing.MoveBlock(_incoming, Room) is > 0 and var moved)
        {
            Taken(moved);
            return moved;
        }

        var count = Take(near._outgoing.First);
        near._outgoing.Advance(near._outgoing.Head + count);
        return count;
    }

    private void Taken(int count)
    {
        _receiveNext += count;
        _lastAckSent = _receiveNext;
        _segmentSeen = Math.Max(_segmentSeen, Math.Min(count, MaximumReceiveSegment));
        _lastReceived = Now;
        LastDataAt = Now;
        Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }

    private void AfterHanding(TcpConnection near, int count)
    {
        _sendNext += count;
        _sendUna = _sendNext;
        _lastSent = Now;
        TakeWindow(near);
        TellStamps();
        _stack.CountHanded((count + _sendSegment - 1) / _sendSegment, count, _hasTimestamps, Local.Address.IsV4);
    }

    /// <summary>Learns the other end's window, as from an acknowledgment of everything.</summary>
    private void TakeWindow(TcpConnection near)
    {
        near._receiveRight = near.WantedRight;
        _sendWindow = near._receiveRight - near._receiveNext;
        _maximumWindow = Math.Max(_maximumWindow, _sendWindow);
        _windowSequence = _receiveNext;
        _windowAck = _sendUna;
        _expirations = 0;
    }
}
