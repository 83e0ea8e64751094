namespace Dragonet.Net;

/// <summary>How long a conversation is remembered.</summary>
internal class FlowEntry
{
    private const long Second = 1_000_000_000;

    private bool _isEnding;

    public bool IsAnswered { get; set; }

    public long EndsAt { get; private set; }

    /// <summary>The times of Linux (nf_conntrack_*_timeout*).</summary>
    public void Touch(in FilterPacket packet, long now)
    {
        if (packet.Header.Protocol == IPProtocol.Tcp && TcpSegment.TryParse(packet.Payload, out var segment))
        {
            _isEnding = segment.Has(TcpFlags.Rst | TcpFlags.Fin) || (_isEnding && !segment.Has(TcpFlags.Syn));
            EndsAt = now + (_isEnding ? 120 : IsAnswered ? 432_000 : 120) * Second;
        }
        else
        {
            EndsAt = now + (IsAnswered && packet.Header.Protocol == IPProtocol.Udp ? 120 : 30) * Second;
        }
    }
}
