using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>struct epoll_event (sys/epoll.h), packed on x86-64.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct epoll_event
{
    public uint events;
    public ulong data;
}

/// <summary>Operations of epoll_ctl(2).</summary>
public enum EpollCtl
{
    EPOLL_CTL_ADD = 1,
    EPOLL_CTL_DEL = 2,
    EPOLL_CTL_MOD = 3,
}

/// <summary>Bits of epoll_event.events that are no poll events.</summary>
[Flags]
public enum EpollFlags : uint
{
    None = 0,
    EPOLLEXCLUSIVE = 1u << 28,
    EPOLLWAKEUP = 1u << 29,
    EPOLLONESHOT = 1u << 30,
    EPOLLET = 1u << 31,
}
