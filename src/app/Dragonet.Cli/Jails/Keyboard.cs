using System.IO;

namespace Dragonet.Cli.Jails;

/// <summary>What a user types, up to the key that leaves.</summary>
/// <param name="input">Where keys come from.</param>
/// <param name="leave">The key; -1 for none.</param>
/// <param name="endLeaves">The end of the input is the end; else who has nothing more to say still listens.</param>
internal sealed class Keyboard(Stream input, int leave, bool endLeaves) : Stream
{
    private bool _hasLeft;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        var count = _hasLeft ? 0 : input.Read(buffer);
        if (count == 0)
        {
            if (!endLeaves)
            {
                Thread.Sleep(Timeout.Infinite); // this thread has nothing else to do; it goes with the process
            }

            return 0;
        }

        var at = leave < 0 ? -1 : buffer[..count].IndexOf((byte)leave);
        _hasLeft = at >= 0;
        return at < 0 ? count : at;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Flush()
    {
        // nothing is written
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();
}
