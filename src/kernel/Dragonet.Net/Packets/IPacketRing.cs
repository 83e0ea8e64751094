namespace Dragonet.Net;

/// <summary>Memory into which frames go instead of into a packet socket's queue (PACKET_RX_RING). It is called inside the stack.</summary>
public interface IPacketRing
{
    /// <summary>Something is there that nobody has taken.</summary>
    bool HasData { get; }

    /// <summary>The next place is free.</summary>
    bool HasRoom { get; }

    /// <summary>It shows of which conversation a frame is (TP_FT_REQ_FILL_RXHASH).</summary>
    bool WantsFlow { get; }

    /// <summary>When <see cref="Expire"/> is to be called, or <see cref="long.MaxValue"/>.</summary>
    long Deadline { get; }

    /// <summary>Takes a frame; false when there is no room.</summary>
    /// <param name="bytes">As much of it as is wanted.</param>
    /// <param name="about">What it is.</param>
    /// <param name="flow">A number of its conversation, when <see cref="WantsFlow"/>.</param>
    bool Put(ReadOnlySpan<byte> bytes, in PacketInfo about, uint flow);

    /// <summary>The deadline has come: what waits for more is shown as it is.</summary>
    /// <param name="now">The stack's time.</param>
    void Expire(long now);

    /// <summary>The user knows of the frames for which there was no room (PACKET_STATISTICS).</summary>
    void ForgetLosses();
}
