using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>poll(2) and epoll_ctl(2) events (asm-generic/poll.h).</summary>
[Flags]
public enum PollEvents : uint
{
    None = 0,
    POLLIN = 0x001,
    POLLPRI = 0x002,
    POLLOUT = 0x004,
    POLLERR = 0x008,
    POLLHUP = 0x010,
    POLLNVAL = 0x020,
    POLLRDNORM = 0x040,
    POLLRDBAND = 0x080,
    POLLWRNORM = 0x100,
    POLLWRBAND = 0x200,
    POLLMSG = 0x400,
    POLLRDHUP = 0x2000,
    /// <summary>Anything at all (internal).</summary>
    All = 0xffff,
}

/// <summary>struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct pollfd
{
    public int fd;
    public short events;
    public short revents;
}
