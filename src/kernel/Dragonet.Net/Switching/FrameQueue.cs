using System.Buffers;

namespace Dragonet.Net;

/// <summary>
/// The way to one receiver, who may be slow: what he does not take at once waits here, in order, up to a number of bytes. More is lost, and counted;
/// nobody else waits for it. One caller at a time.
/// </summary>
/// <param name="sender">The way out.</param>
/// <param name="maxBytes">Most bytes that wait.</param>
public sealed class FrameQueue(FrameSender sender, int maxBytes = 1 << 20)
{
    private readonly Queue<(byte[] Bytes, int Length)> _waiting = new();
    private int _bytes;

    /// <summary>Frames that wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Frames that were lost.</summary>
    public long Dropped { get; private set; }

    /// <summary>Sends a frame now, or later.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        if (_waiting.Count == 0 && sender(frame))
        {
            return;
        }

        if (_bytes + frame.Length > maxBytes)
        {
            Dropped++;
            return;
        }

        var copy = ArrayPool<byte>.Shared.Rent(frame.Length);
        frame.CopyTo(copy);
        _waiting.Enqueue((copy, frame.Length));
        _bytes += frame.Length;
    }

    /// <summary>There may be room again.</summary>
    /// <returns>True when nothing waits any more.</returns>
    public bool Flush()
    {
        while (_waiting.TryPeek(out var frame))
        {
            if (!sender(frame.Bytes.AsSpan(0, frame.Length)))
            {
                return false;
            }

            Forget();
        }

        return true;
    }

    /// <summary>The receiver has gone: what waits for him is lost.</summary>
    public void Clear()
    {
        while (_waiting.Count > 0)
        {
            Dropped++;
            Forget();
        }
    }

    private void Forget()
    {
        var (bytes, length) = _waiting.Dequeue();
        _bytes -= length;
        ArrayPool<byte>.Shared.Return(bytes);
    }
}
