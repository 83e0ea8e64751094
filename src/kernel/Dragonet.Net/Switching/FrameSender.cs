namespace Dragonet.Net;

/// <summary>Sends a frame somewhere without waiting; copies what it keeps.</summary>
/// <param name="frame">The bytes.</param>
/// <returns>False when there is no room now: the frame was not taken, and is offered again (<see cref="FrameQueue.Flush"/>).</returns>
public delegate bool FrameSender(ReadOnlySpan<byte> frame);
