namespace Dragonet.Net;

/// <summary>What a link knows of one neighbour (RFC 4861, section 5.1; the same for ARP).</summary>
internal sealed class Neighbour(IPAddress address)
{
    /// <summary>Most packets that wait for its address; of more the oldest go (RFC 1122, section 2.3.2.2).</summary>
    private const int MaxWaiting = 8;

    /// <summary>A time for entries that somebody has set: nothing that comes changes them.</summary>
    public const long Forever = long.MaxValue;

    public IPAddress Address { get; } = address;

    /// <summary>Null while nobody has answered.</summary>
    public EthernetAddress? Hardware { get; set; }

    /// <summary>Until when it is taken for reachable without asking.</summary>
    public long ReachableUntil { get; set; }

    /// <summary>When it is asked again, or given up; <see cref="long.MaxValue"/> when nobody waits for an answer.</summary>
    public long AskAt { get; set; } = long.MaxValue;

    /// <summary>Questions without an answer.</summary>
    public int Asked { get; set; }

    /// <summary>An address that somebody says it has now: it is asked at the one that is known whether that is so.</summary>
    public EthernetAddress? Claimed { get; set; }

    /// <summary>Until when other claims are not listened to: it has just been asked.</summary>
    public long ConfirmedUntil { get; set; }

    public Queue<PacketBuffer> Waiting { get; } = new();

    /// <summary>Keeps a packet until the address is known; owns it.</summary>
    public void Wait(PacketBuffer packet, PacketPool pool)
    {
        if (Waiting.Count == MaxWaiting)
        {
            pool.Return(Waiting.Dequeue());
        }

        Waiting.Enqueue(packet);
    }
}
