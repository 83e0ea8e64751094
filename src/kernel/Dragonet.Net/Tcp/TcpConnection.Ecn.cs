namespace Dragonet.Net;

/// <summary>Explicit congestion notification (RFC 3168, section 6.1): routers mark packets instead of dropping them, the receiver echoes the
/// mark until the sender says that it has slowed down.</summary>
internal sealed partial class TcpConnection
{
    private const byte EcnMask = 3;
    private const byte Capable = 2;           // ECT(0)
    private const byte Experienced = 3;       // CE

    private bool _hasOfferedEcn;
    private bool _hasEcn;
    private bool _isEchoing;                  // ECE goes out with each acknowledgment
    private bool _mustTellReduction;          // CWR goes out with the next new data
    private long _reducedUntil;               // once for all that was on its way when the echo came
    private long _newFrom;                    // what is sent from here on is no repetition

    /// <summary>What a SYN asks for, or grants (section 6.1.1). A SYN that must be repeated asks no more: somebody on the way may drop what he
    /// does not know (section 6.1.1.1).</summary>
    private TcpFlags SynEcnFlags()
    {
        if (State == TcpState.SynSent)
        {
            _hasOfferedEcn = _stack.Options.Ecn == EcnPolicy.Request && _expirations == 0;
            return _hasOfferedEcn ? TcpFlags.Ece | TcpFlags.Cwr : 0;
        }

        return _hasEcn ? TcpFlags.Ece : 0;
    }

    private void AcceptEcn(in TcpSegment segment) => _hasEcn = IsEcnWanted(_stack.Options.Ecn, segment);

    /// <summary>Whether a SYN asks for it, and gets it.</summary>
    internal static bool IsEcnWanted(EcnPolicy policy, in TcpSegment segment) =>
        policy != EcnPolicy.Off && (segment.Flags & (TcpFlags.Ece | TcpFlags.Cwr)) == (TcpFlags.Ece | TcpFlags.Cwr);

    /// <summary>Flags of a segment, and the mark of its packet: new data only (section 6.1.5).</summary>
    private TcpFlags EcnFlags(long start, int length, ref byte trafficClass)
    {
        var flags = _isEchoing ? TcpFlags.Ece : 0;
        trafficClass &= unchecked((byte)~EcnMask);
        if (length > 0 && start >= _newFrom)
        {
            _newFrom = start + length;
            trafficClass |= Capable;
            flags |= _mustTellReduction ? TcpFlags.Cwr : 0;
            _mustTellReduction = false;
        }

        return flags;
    }

    /// <summary>What the receiver sees (section 6.1.3).</summary>
    private void TakeCongestionMark(in TcpSegment segment, byte trafficClass)
    {
        if (!_hasEcn || segment.Payload.IsEmpty)
        {
            return;
        }

        _isEchoing &= !segment.Has(TcpFlags.Cwr);
        if ((trafficClass & EcnMask) == Experienced)
        {
            _isEchoing = true;
            _ackNow = true;
        }
    }

    /// <summary>What the sender is told (section 6.1.2): as for a loss, once a round trip.</summary>
    private void TakeCongestionEcho(in TcpSegment segment, long inFlight)
    {
        if (_hasEcn && segment.Has(TcpFlags.Ece) && _recovery == Recovery.None && inFlight > 0 && _sendUna >= _reducedUntil)
        {
            Slow(inFlight);
            _reducedUntil = _sendNext;
        }
    }

    /// <summary>The window shrinks, unless it has for what is on its way.</summary>
    private void Slow(long inFlight)
    {
        if (_sendUna >= _reducedUntil)
        {
            _congestion.OnLoss(inFlight, Now);
            TellReduction();
        }
    }

    private void TellReduction() => _mustTellReduction = _hasEcn;
}
