using System.IO;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>The host's end of a pipe to a guest program, as a .NET stream.</summary>
internal sealed class PipeStream(Kernel.Kernel kernel, OpenFile file) : Stream
{
    private readonly KernelCaller _caller = new();
    private readonly WaitQueue _ending = new();
    private volatile bool _endsWhenEmpty;
    private int _disposed;

    public override bool CanRead => file.CanRead;

    public override bool CanWrite => file.CanWrite;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        while (true)
        {
            using var waiter = new HostWaiter();
            _ = file.Poll(waiter);
            waiter.Add(_ending);
            var ends = _endsWhenEmpty; // before the look at the pipe: what was written until then is still read
            var result = file.Read(_caller, buffer);
            if (result.IsOk)
            {
                kernel.Drain();
                return result.Value;
            }

            if (result.Error != Errno.EAGAIN)
            {
                throw new IOException($"reading from the guest: {result.Error}");
            }

            if (ends)
            {
                return 0;
            }

            waiter.Wait();
        }
    }

    /// <summary>From now on it ends where nothing is left to read, even if programs have the other end open.</summary>
    internal void EndWhenEmpty()
    {
        _endsWhenEmpty = true;
        _ = _ending.Wake();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            using var waiter = new HostWaiter();
            _ = file.Poll(waiter);
            var result = file.Write(_caller, buffer);
            if (result.IsOk)
            {
                buffer = buffer[result.Value..];
                kernel.Drain();
            }
            else if (result.Error == Errno.EAGAIN)
            {
                waiter.Wait();
            }
            else
            {
                throw new IOException($"writing to the guest: {result.Error}");
            }
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            file.Release();
            kernel.Drain();
        }

        base.Dispose(disposing);
    }
}
