namespace Dragonet.Networking;

/// <summary>Takes an Ethernet frame that a stack sends: copies what it keeps, does not wait, and uses nothing of that kernel, which is busy.</summary>
/// <param name="frame">The bytes.</param>
public delegate void FrameReceiver(ReadOnlySpan<byte> frame);
