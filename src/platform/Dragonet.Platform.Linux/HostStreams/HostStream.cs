using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostStreams;

/// <summary>
/// An inherited descriptor. It may be shared with other programs, so O_NONBLOCK is not set on it: poll(2) says what is possible, and
/// a write is never larger than what a ready pipe takes at once (PIPE_BUF).
/// </summary>
internal sealed unsafe class HostStream : IHostStream
{
    private const int PipeBuf = 4096;
    private const uint TypeMask = 0xf000;
    private const uint Regular = 0x8000;

    private readonly int _fd;
    private readonly HostPoller _poller;

    internal HostStream(int fd, HostPoller poller)
    {
        _fd = fd;
        _poller = poller;
        Type = Stat().Mode & TypeMask;
    }

    public uint Type { get; }

    public long Size => Stat().Size;

    public int Read(Span<byte> destination)
    {
        if (Type != Regular && (Ready() & (PollEvents.POLLIN | PollEvents.POLLHUP | PollEvents.POLLERR)) == 0)
        {
            return -(int)Errno.EAGAIN;
        }

        fixed (byte* pointer = destination)
        {
            // SAFETY: the span is pinned for the call.
            return (int)Host.Call(Nr.read, _fd, (long)pointer, destination.Length);
        }
    }

    public int Write(ReadOnlySpan<byte> source)
    {
        if (Type != Regular)
        {
            if ((Ready() & (PollEvents.POLLOUT | PollEvents.POLLHUP | PollEvents.POLLERR)) == 0)
            {
                return -(int)Errno.EAGAIN;
            }

            source = source[..Math.Min(source.Length, PipeBuf)];
        }

        fixed (byte* pointer = source)
        {
            // SAFETY: the span is pinned for the call.
            return (int)Host.Call(Nr.write, _fd, (long)pointer, source.Length);
        }
    }

    public PollEvents Ready()
    {
        // struct pollfd { int fd; short events; short revents; }
        var entry = (ulong)(uint)_fd | (ulong)(PollEvents.POLLIN | PollEvents.POLLOUT) << 32;
        // SAFETY: one pollfd on the stack.
        return Host.Call(Nr.poll, (long)&entry, 1, 0) > 0 ? (PollEvents)(entry >> 48) : PollEvents.None;
    }

    public void Arm(PollEvents interest, Action callback) => _poller.Arm(_fd, interest, callback);

    public void Dispose()
    {
    }

    private (uint Mode, long Size) Stat()
    {
        Span<ulong> stat = stackalloc ulong[18];
        fixed (ulong* pointer = stat)
        {
            // SAFETY: struct stat is 144 bytes: st_mode is the low half of the fourth word, st_size the seventh.
            return Host.Call(Nr.fstat, _fd, (long)pointer) == 0 ? ((uint)stat[3], (long)stat[6]) : (0, 0);
        }
    }
}
