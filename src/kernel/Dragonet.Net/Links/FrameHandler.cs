namespace Dragonet.Net;

/// <summary>Takes a frame or packet that a stack sends. It must copy what it keeps, and must not call the stack: the stack is busy.</summary>
/// <param name="frame">The bytes.</param>
public delegate void FrameHandler(ReadOnlySpan<byte> frame);
