using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>
/// Urgent data as programs know it (RFC 6093, section 3; tcp(7)): one byte, the last one that the sender called urgent. The pointer names the
/// byte behind it, as everybody does and RFC 6093 allows. Reading stops in front of the byte; then it is left out, unless it is wanted in
/// the stream.
/// </summary>
internal sealed partial class TcpConnection
{
    private long _urgentEnd = -1;     // behind the urgent byte that was sent last
    private long _urgentAt = -1;      // position of the urgent byte that is expected or here; -1 when there is none, or it was passed
    private bool _isUrgentTaken;

    /// <summary>There is an urgent byte to read.</summary>
    public bool HasUrgent => _urgentAt >= 0 && !_isUrgentTaken && _incoming.Tail > _urgentAt;

    /// <summary>The next byte is the urgent one.</summary>
    public bool IsAtMark => _urgentAt >= 0 && _incoming.Head == _urgentAt;

    /// <summary>A read would get something (tcp_poll of Linux).</summary>
    public bool HasUnread => _incoming.Count > (IsAtMark && !Settings.UrgentInline ? 1 : 0);

    /// <summary>recv(2) with MSG_OOB.</summary>
    public Result<int> ReadUrgent(Span<byte> destination, bool peek)
    {
        if (Settings.UrgentInline || _urgentAt < 0 || _isUrgentTaken)
        {
            return Errno.EINVAL;
        }

        if (!HasUrgent)
        {
            return Errno.EAGAIN;
        }

        _isUrgentTaken = !peek;
        return destination.IsEmpty ? 0 : _incoming.Peek(_urgentAt, destination[..1]);
    }

    /// <summary>There is an urgent byte ahead, which a read stops at.</summary>
    public bool IsMarked => _urgentAt >= 0;

    /// <summary>The peer points at an urgent byte.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="start">Position of its first byte.</param>
    private void TakeUrgent(in TcpSegment segment, long start)
    {
        // A pointer of 0 points nowhere (RFC 793 counts from the byte behind).
        var at = start + segment.UrgentPointer - 1;
        if (State is not (TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2) || _wasClosed || at < start || at < _receiveNext || at <= _urgentAt)
        {
            return;
        }

        if (IsAtMark && !Settings.UrgentInline && _incoming.Count > 0)
        {
            // Nobody has passed the last one, and it must not become ordinary data.
            _incoming.Advance(_incoming.Head + 1);
        }

        (_urgentAt, _isUrgentTaken) = (at, false);
        Socket?.TellUrgent();
    }

    /// <summary>Bytes up to the mark (SIOCINQ).</summary>
    private int CountToMark() =>
        Settings.UrgentInline || _urgentAt < _incoming.Head || _urgentAt >= _incoming.Tail ? _incoming.Count : (int)(_urgentAt - _incoming.Head);

    private ReadOnlySpan<byte> BeforeMark(ReadOnlySpan<byte> bytes) => bytes[..(int)Math.Min(bytes.Length, Math.Max(_urgentAt - _incoming.Head, 0))];

    private int ReadToMark(Span<byte> destination, bool peek)
    {
        var skipped = IsAtMark && !Settings.UrgentInline && _incoming.Count > 0 ? 1 : 0;
        if (_urgentAt > _incoming.Head)
        {
            destination = destination[..(int)Math.Min(destination.Length, _urgentAt - _incoming.Head)];
        }

        var count = _incoming.Peek(_incoming.Head + skipped, destination);
        if (!peek && count + skipped > 0 && !destination.IsEmpty)
        {
            Consume(count + skipped);
        }

        return count;
    }
}
