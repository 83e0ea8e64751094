namespace Dragonet.Net;

/// <summary>Looks at what passes an interface. It is called inside the stack, copies what it keeps, and changes nothing.</summary>
public interface IFrameTap
{
    /// <summary>Something passes.</summary>
    /// <param name="link">Where.</param>
    /// <param name="bytes">An Ethernet frame; an IP packet where the link has no header, as on lo, where checksums of TCP are not computed.</param>
    /// <param name="isOutgoing">The stack sends it.</param>
    /// <param name="now">The time of the stack.</param>
    void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now);
}
