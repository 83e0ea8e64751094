using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Segments that go out (RFC 9293, section 3.8.6; RFC 5681).</summary>
internal sealed partial class TcpConnection
{
    /// <summary>What a peer takes that says nothing (RFC 9293, section 3.7.1).</summary>
    private const int DefaultSegment = 536;

    /// <summary>The checksum of so much data costs enough to wait for somebody who wants it.</summary>
    private const int LeastDeferred = 1024;

    private readonly StreamBuffer _outgoing;
    private readonly uint _iss;
    private long _sendUna;
    private long _sendNext;
    private long _sendWindow;
    private long _maximumWindow;
    private long _windowSequence;    // SND.WL1
    private long _windowAck;         // SND.WL2
    private int _sendShift;
    private int _receiveShift;
    private bool _hasScaling;
    private int _sendSegment;        // data of a full segment
    private long _smallEnd;          // behind the last segment that was not full
    private bool _isFinQueued;
    private readonly uint _flowLabel; // IPv6
    private bool _hasMore;           // MSG_MORE
    private long _corkedUntil;
    private long _lastSent;
    private Errno _softError;

    /// <summary>Bytes that were not acknowledged or sent yet (SIOCOUTQ).</summary>
    public int OutgoingCount => _outgoing.Count;

    /// <summary>Room for more data.</summary>
    public int SendRoom => HasEnoughUnsent ? 0 : Math.Max(Settings.SendBuffer - _outgoing.Count, 0);

    /// <summary>TCP_NOTSENT_LOWAT: there is no room for more until some of it is on its way.</summary>
    private bool HasEnoughUnsent => Settings.UnsentLowWater > 0 && _outgoing.Tail - _sendNext >= Settings.UnsentLowWater;

    /// <summary>Bytes that can be read.</summary>
    public int IncomingCount => _urgentAt < 0 ? _incoming.Count : CountToMark();

    private uint TimestampNow => _timestampOffset + (uint)(Now / 1_000_000);

    /// <summary>Longest segment that the path to the peer lets through, without options.</summary>
    private int MaximumReceiveSegment
    {
        get
        {
            var most = LongestSegment(FindPath());
            return Settings.MaximumSegment > 0 ? Math.Min(most, Settings.MaximumSegment) : most;
        }
    }

    private int LongestSegment(in Path? path) => LongestSegment(path?.Mtu ?? (Remote.Address.IsV4 ? 576 : 1280), Remote.Address.IsV4);

    /// <summary>What goes into a packet of a length; a route may say any, but below this nothing would be left (tcp_min_snd_mss of Linux).</summary>
    internal static int LongestSegment(int mtu, bool isV4)
        => Math.Max(Math.Min(mtu, 65535) - TcpSegment.MinimalHeader - (isV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize), 48);

    /// <summary>What the peer is told of the longest segments that it may send (RFC 9293, section 3.7.1).</summary>
    internal static ushort Advertise(in Path path, int longest, TcpSettings settings)
    {
        var most = path.Metrics is { AdvertisedSegment: > 0 } metrics ? metrics.AdvertisedSegment : longest;
        return (ushort)(settings.MaximumSegment > 0 ? Math.Min(most, settings.MaximumSegment) : most);
    }

    /// <summary>Takes data of the user.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="more">More will follow.</param>
    /// <param name="urgent">The last byte is urgent.</param>
    /// <returns>How much; 0 when there is no room.</returns>
    public int Write(ReadOnlySpan<byte> data, bool more, bool urgent = false)
    {
        var handed = more || urgent || Settings.Cork ? 0 : Hand(data);
        if (handed == data.Length)
        {
            _hasMore = false;
            return handed;
        }

        data = data[handed..];
        var count = Math.Min(data.Length, SendRoom);
        _isWriterWaiting |= count < data.Length;
        if (Settings.UnsentLowWater > 0)
        {
            count = (int)Math.Min(count, Math.Max(Settings.UnsentLowWater - (_outgoing.Tail - _sendNext), _sendSegment));
        }

        if (count == 0 || !_outgoing.Append(data[..count]))
        {
            // Memory is short: there is always room for a little.
            count = Math.Min(count, 2048 - _outgoing.Count);
            if (count <= 0 || !_outgoing.Append(data[..count]))
            {
                return handed;
            }
        }

        if (urgent)
        {
            _urgentEnd = _outgoing.Tail;
        }

        _hasMore = more;
        if (more || Settings.Cork)
        {
            _corkedUntil = _corkedUntil == 0 ? Now + CorkLimit : _corkedUntil;
        }

        Written();
        return handed + count;
    }

    /// <summary>Takes data of the user as it is, with the array.</summary>
    /// <param name="block">Of the process-wide pool; not the caller's any more when it is taken.</param>
    /// <param name="count">How much is in it.</param>
    /// <returns>False when it has to be copied.</returns>
    public bool WriteBlock(byte[] block, int count)
    {
        if (Settings.Cork || Settings.UnsentLowWater > 0)
        {
            return false;
        }

        var handed = HandBlock(block, count);
        if (handed is null && count <= SendRoom && _outgoing.Give(new ArraySegment<byte>(block, 0, count)))
        {
            _hasMore = false;
            Written();
            return true;
        }

        _hasMore &= handed != true;
        return handed == true;
    }

    /// <summary>There is more to send.</summary>
    private void Written()
    {
        if (_delayedAckAt != long.MaxValue)
        {
            (_quickAcks, _isConversation) = (0, true); // a conversation: the answer carries the acknowledgment
        }

        Output();
    }

    /// <summary>Gives data to the user.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="peek">Leave it where it is.</param>
    /// <param name="skip">Begin so many bytes further on.</param>
    public int Read(Span<byte> destination, bool peek, int skip = 0)
    {
        if (_urgentAt >= 0)
        {
            return ReadToMark(destination, peek);
        }

        var count = skip >= _incoming.Count && skip > 0 ? 0 : _incoming.Peek(_incoming.Head + skip, destination);
        if (!peek && count > 0)
        {
            Consume(count);
        }

        return count;
    }

    /// <summary>Received bytes that lie in one piece.</summary>
    public ReadOnlySpan<byte> Readable => _urgentAt < 0 || Settings.UrgentInline ? _incoming.First : BeforeMark(_incoming.First);

    /// <summary>Drops data that the user has seen; the window moves when that is worth telling.</summary>
    public void Consume(int count)
    {
        _incoming.Advance(_incoming.Head + count);
        _urgentAt = _incoming.Head > _urgentAt ? -1 : _urgentAt;
        Consumed();
    }

    /// <summary>Gives whole blocks to the user, with their arrays.</summary>
    /// <param name="wanted">How many bytes.</param>
    /// <param name="blocks">Receives them.</param>
    /// <returns>How many bytes; 0 when they have to be copied.</returns>
    public int TakeBlocks(int wanted, Span<ArraySegment<byte>> blocks)
    {
        var count = _urgentAt >= 0 ? 0 : _incoming.Take(wanted, blocks);
        if (count > 0)
        {
            Consumed();
        }

        return count;
    }

    private void Consumed()
    {
        TuneReceiveBuffer();
        if (State is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2
            && WantedRight - _receiveRight >= Math.Min(Settings.ReceiveBuffer / 2, 2 * _segmentSeen)
            && !Pull())
        {
            _ackNow = true;
            Output();
        }
    }

    /// <summary>TCP_NODELAY or the end of TCP_CORK: what was held back goes.</summary>
    public void Push()
    {
        _corkedUntil = 0;
        _hasMore = false;
        Output();
    }

    /// <summary>Sends what may be sent now, and an acknowledgment when one is due.</summary>
    public void Output()
    {
        if (_ackNow && _incoming.Later is not null && State is not (TcpState.Closed or TcpState.SynSent))
        {
            // What is here behind a hole is told in a segment of its own: full segments have no room for it (RFC 6691).
            Emit(EmptyPosition, 0, TcpFlags.Ack);
        }

        if (State is TcpState.Established or TcpState.CloseWait or TcpState.FinWait1 or TcpState.Closing or TcpState.LastAck)
        {
            var before = _sendNext;
            while (SendOne(force: false))
            {
            }

            if (Settings.UnsentLowWater > 0 && _sendNext > before && !HasEnoughUnsent)
            {
                Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
            }
        }

        if (_ackNow && State is not (TcpState.Closed or TcpState.SynSent))
        {
            Emit(EmptyPosition, 0, TcpFlags.Ack);
        }

        ArmLossTimer();
        _stack.Timers.Update(this);
        TellStamps();
    }

    /// <summary>True when the peer has taken back window that was used. It tells windows in units of its scale, and rounds down.</summary>
    private bool IsWindowShrunk => _sendUna > 0 && InFlight - _sendWindow >= 1L << _sendShift;

    /// <summary>Where a segment without data begins: at the next byte, or, when that is behind the window's new end, there: a peer takes nothing
    /// behind it, and no acknowledgment that comes with it (RFC 9293, section 3.10.7.4, "First").</summary>
    private long EmptyPosition => IsWindowShrunk ? _sendUna + _sendWindow : _sendNext;

    private uint SendSequence(long position) => _iss + (uint)position;

    /// <summary>Sends one segment: the first lost one, or new data.</summary>
    /// <param name="force">A timer says that nothing shall hold it back but the window.</param>
    private bool SendOne(bool force)
    {
        if (_sent.LostBytes > 0)
        {
            return ResendOne();
        }

        var unsent = _outgoing.Tail - _sendNext;
        var finDue = _isFinQueued && unsent >= 0;
        if ((unsent <= 0 && !finDue) || _sent.IsFull)
        {
            return false;
        }

        var room = Math.Max(_sendUna + _sendWindow - _sendNext, 0);
        var length = (int)Math.Min(Math.Min(unsent, _sendSegment), room);
        var withFin = finDue && length == unsent && room > length;
        if ((length == 0 && !withFin) || (!force && length < _sendSegment && !withFin && IsHeldBack(length, unsent)))
        {
            return false;
        }

        if (!force && InFlight > 0 && Pipe + length > _congestion.Window)
        {
            _isLimited = true;
            return false;
        }

        if (InFlight == 0 && _lastSent != 0 && Now - _lastSent > _roundTrip.Timeout)
        {
            _congestion.OnIdle();
        }

        var start = _sendNext;
        _sendNext += length + (withFin ? 1 : 0);
        _sent.Add(new SentSegment { Start = start, End = _sendNext, SentAt = Now });
        if (length < _sendSegment)
        {
            _smallEnd = _sendNext;
        }

        Emit(start, length, (withFin ? TcpFlags.Fin : 0) | (length == unsent ? TcpFlags.Psh : 0) | TcpFlags.Ack);
        return true;
    }

    /// <summary>Small segments wait: for a window worth using (RFC 9293, section 3.8.6.2.1), for what fills them (cork), or for the
    /// acknowledgment of another small one (Nagle's algorithm as Minshall modified it).</summary>
    private bool IsHeldBack(int length, long unsent) =>
        length < unsent
            ? length < _maximumWindow / 2
            : (Settings.Cork || _hasMore) && Now < _corkedUntil
                || (!Settings.NoDelay && _smallEnd > _sendUna && InFlight > 0 && _urgentEnd <= _sendUna);

    private bool ResendOne()
    {
        if (!_mustResend && Pipe > 0 && Pipe + _sendSegment > _congestion.Window)
        {
            return false;
        }

        _mustResend = false;

        // What is behind the end of a window that was taken back stays (RFC 9293, section 3.8.6, SHLD-16); the first one asks for more.
        for (var i = 0; i < _sent.Count && (i == 0 || !IsWindowShrunk || _sent[i].End <= _sendUna + _sendWindow); i++)
        {
            if (_sent[i].IsLost)
            {
                Resend(i);
                return true;
            }
        }

        return false;
    }

    private void Resend(int index)
    {
        var dataEnd = Math.Min(_sent[index].End, _outgoing.Tail);
        if (dataEnd - _sent[index].Start > _sendSegment)
        {
            // The path takes less than it did.
            _sent.Split(index, _sent[index].Start + _sendSegment);
            dataEnd = _sent[index].End;
        }

        var start = _sent[index].Start;
        var hasFin = _sent[index].End > _outgoing.Tail;
        _sent.MarkResent(index, Now);
        _stack.Counters.TcpRetransmitted++;
        Emit(start, (int)(dataEnd - start), (hasFin ? TcpFlags.Fin : 0) | TcpFlags.Psh | TcpFlags.Ack);
    }

    /// <summary>SYN, or SYN with the acknowledgment of the peer's.</summary>
    private void SendSyn()
    {
        if (_sendNext == 0)
        {
            _sendNext = 1;
            _sent.Add(new SentSegment { Start = 0, End = 1, SentAt = Now });
        }

        // What goes again goes without data: somebody on the way may not like it (RFC 7413, section 4.1.3).
        Emit(0, State == TcpState.SynSent && _expirations == 0 ? _synData : 0, (State == TcpState.SynSent ? TcpFlags.Syn : TcpFlags.Syn | TcpFlags.Ack) | SynEcnFlags());
        ArmLossTimer();
        _stack.Timers.Update(this);
    }

    /// <summary>What the peer's SYN offers (RFC 9293, section 3.7.1; RFC 7323; RFC 2018). A side uses only what both have said.</summary>
    private void TakeSynOptions(in TcpOptions options)
    {
        _hasTimestamps = options.HasTimestamp;
        _hasSack = options.SackPermitted;
        if (options.WindowScale >= 0)
        {
            _hasScaling = true;
            _sendShift = options.WindowScale;
            _receiveShift = _windowShift;
        }

        if (options.HasTimestamp)
        {
            TakeTimestamp(options);
        }

        _peerSegment = options.MaximumSegment == 0 ? DefaultSegment : Math.Max((int)options.MaximumSegment, 48);
        SetSegment(isStart: true);
    }

    private void SetSegment(bool isStart)
    {
        var most = Math.Min(MaximumReceiveSegment, _peerSegment);
        most = _pathSegment > 0 ? Math.Min(most, _pathSegment) : most;
        _sendSegment = most - (_hasTimestamps ? 12 : 0);
        if (isStart && FindPath() is { Metrics.InitialWindow: > 0 and var first })
        {
            _congestion.FirstSegments = first;
        }

        _congestion.SetSegment(_sendSegment, isStart);
    }

    /// <summary>Where the window could end: the buffer's free room. It never goes back (RFC 9293, section 3.8.6).</summary>
    private long WantedRight => Math.Max(_receiveRight, _receiveNext + Math.Clamp(
        Settings.ReceiveBuffer - _incoming.Count, 0, Settings.WindowClamp > 0 ? Settings.WindowClamp : int.MaxValue));

    /// <summary>The window to tell, in the unit of the header; moves the right edge.</summary>
    private ushort TakeWindow(bool isSyn)
    {
        if (_receivedFin)
        {
            return (ushort)Math.Min(Settings.ReceiveBuffer >> _receiveShift, ushort.MaxValue);
        }

        var shift = isSyn ? 0 : _receiveShift;
        var right = WantedRight;
        // Not in small steps (RFC 9293, section 3.8.6.2.2).
        if (right - _receiveRight < Math.Min(Settings.ReceiveBuffer / 2, _segmentSeen))
        {
            right = _receiveRight;
        }

        var units = Math.Min(Math.Max(right - _receiveNext, 0) >> shift, ushort.MaxValue);
        if (_receiveNext + (units << shift) < _receiveRight && units < ushort.MaxValue)
        {
            units++; // rounding must not take back what was given
        }

        _receiveRight = Math.Max(_receiveRight, _receiveNext + (units << shift));
        return (ushort)units;
    }

    private void Emit(long start, int length, TcpFlags flags)
    {
        if (FindPath() is not { } path)
        {
            _softError = Errno.ENETUNREACH;
            return;
        }

        var isSyn = (flags & TcpFlags.Syn) != 0;
        var hasAck = (flags & TcpFlags.Ack) != 0;
        Span<byte> optionBytes = stackalloc byte[TcpOptions.MaxSize];
        var optionLength = BuildOptions(isSyn, hasAck, withSack: length == 0).Write(optionBytes);
        var headerLength = TcpSegment.MinimalHeader + optionLength;
        var packet = _stack.Pool.Rent(headerLength + length);
        var bytes = packet.Bytes;
        optionBytes[..optionLength].CopyTo(bytes[TcpSegment.MinimalHeader..]);
        if (length > 0)
        {
            _ = _outgoing.Peek(isSyn ? 1 : start, bytes[headerLength..]);
        }

        var window = TakeWindow(isSyn);
        var trafficClass = Settings.TrafficClass;
        if (_hasEcn && !isSyn)
        {
            flags |= EcnFlags(start, length, ref trafficClass);
        }

        var urgent = _urgentEnd > start && !isSyn ? (ushort)Math.Min(_urgentEnd - start, ushort.MaxValue) : (ushort)0;
        flags |= urgent > 0 ? TcpFlags.Urg : 0;
        var fields = new TcpFields(SendSequence(start), hasAck ? ReceiveSequence(_receiveNext) : 0, flags, window, urgent);
        var isDeferred = length >= LeastDeferred && !path.Interface.IsLoopback;
        TcpSegment.Write(bytes, Local, Remote, fields, headerLength, withChecksum: !isDeferred && !path.Interface.IsLoopback);
        if (isDeferred)
        {
            packet.DeferChecksum(InternetChecksum.AddPseudoHeader(Local.Address, Remote.Address, IPProtocol.Tcp, bytes.Length));
        }

        if (hasAck)
        {
            _lastAckSent = _receiveNext;
            _ackNow = false;
            _unacknowledged = 0;
            _delayedAckAt = long.MaxValue;
        }

        if (length > 0)
        {
            _lastSent = Now;
        }

        _stack.Counters.TcpOutSegments++;
        var header = new IPHeader(Local.Address, Remote.Address, IPProtocol.Tcp, Settings.HopLimit ?? _stack.HopLimitOf(path, Remote.Address.IsV4), trafficClass)
        {
            FlowLabel = Settings.FlowLabel != 0 ? Settings.FlowLabel : Settings.LabelsFlows ? _flowLabel : 0,
        };
        if (_stack.Output(header, packet, path, dontFragment: Local.Address.IsV4 && !path.LocksMtu) == Errno.EMSGSIZE)
        {
            OnPathMtu(path.Mtu);
        }
    }

    private TcpOptions BuildOptions(bool isSyn, bool hasAck, bool withSack)
    {
        var options = new TcpOptions { WindowScale = -1 };
        if (isSyn)
        {
            // An answer offers what was offered.
            options.MaximumSegment = FindPath() is { } path ? Advertise(path, LongestSegment(path), Settings) : (ushort)MaximumReceiveSegment;
            options.HasTimestamp = !hasAck || _hasTimestamps;
            options.SackPermitted = !hasAck || _hasSack;
            options.WindowScale = !hasAck || _hasScaling ? _windowShift : -1;
            options.FastOpenCookie = hasAck ? _cookieToGive : _asksForCookie && _expirations == 0 ? _cookie : null;
        }
        else
        {
            options.HasTimestamp = _hasTimestamps;
        }

        if (options.HasTimestamp)
        {
            options.TimestampValue = TimestampNow;
            options.TimestampEcho = hasAck ? _recentTimestamp : 0;
        }

        if (!isSyn && withSack && _hasSack && _incoming.Later is { } later)
        {
            // The newest first, then the others (RFC 2018, section 4).
            var newest = later.Find(_lastOutOfOrder);
            if (newest is { } first)
            {
                _ = options.AddBlock(ReceiveSequence(first.Start), ReceiveSequence(first.End));
            }

            for (var i = 0; i < later.Count && options.BlockCount < TcpOptions.MaxBlocks; i++)
            {
                if (later[i] != newest && !options.AddBlock(ReceiveSequence(later[i].Start), ReceiveSequence(later[i].End)))
                {
                    break;
                }
            }
        }

        return options;
    }
}
