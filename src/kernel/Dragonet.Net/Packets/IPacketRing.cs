namespace Dragonet.Net;

/// <summary>Memory into which frames go instead of into a packet socket's queue (PACKET_RX_RING). It is called inside the stack.</summary>
public interface IPacketRing
{
    /// <summary>A frame is in the next place and nobody has taken it.</summary>
    bool HasData { get; }

    /// <summary>The next place is free.</summary>
    bool HasRoom { get; }

    /// <summary>Takes a frame; false when there is no room.</summary>
    /// <param name="bytes">As much of it as is wanted.</param>
    /// <param name="about">What it is.</param>
    bool Put(ReadOnlySpan<byte> bytes, in PacketInfo about);
}
