namespace Dragonet.Net;

/// <summary>What an Ethernet interface is plugged into.</summary>
internal interface IFrameCarrier
{
    /// <summary>Takes a frame over; false, without taking it, when it cannot.</summary>
    bool Carry(EthernetInterface from, PacketBuffer frame);
}
