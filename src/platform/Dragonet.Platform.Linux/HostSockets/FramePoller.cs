using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostSockets;

/// <summary>What one thread waits for: frame sockets (epoll(7)), a time, and a call of another thread.</summary>
public sealed unsafe class FramePoller : IDisposable
{
    private const int Most = 64;
    private const int Add_ = 1, Change = 3;     // EPOLL_CTL_ADD, EPOLL_CTL_MOD
    private const uint Readable = 1, Writable = 4; // EPOLLIN, EPOLLOUT

    private readonly HostFd _poll = HostFd.Own(Host.Call(Nr.epoll_create1, 0x80000));
    private readonly HostFd _wake = HostFd.Own(Host.Call(Nr.eventfd2, 0, 0x80800));

    /// <summary>An empty one.</summary>
    public FramePoller() => Control(Add_, _wake.Number, Readable, ulong.MaxValue);

    /// <summary>Waits for frames of a socket. Closing it takes it out.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="key">What <see cref="Wait"/> calls it.</param>
    public void Add(FrameSocket socket, int key)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Control(Add_, socket.Descriptor, Readable, (ulong)key);
    }

    /// <summary>Whether to wait for room, too, and for frames.</summary>
    public void Set(FrameSocket socket, int key, bool reads, bool writes)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Control(Change, socket.Descriptor, (reads ? Readable : 0) | (writes ? Writable : 0), (ulong)key);
    }

    /// <summary>Waits until something is possible, until <see cref="Wake"/>, or for a time.</summary>
    /// <param name="ready">Gets the keys: what can be read (or has ended), what can be written.</param>
    /// <param name="nanoseconds">At most this long; <see cref="long.MaxValue"/> is for ever.</param>
    public void Wait(List<(int Key, bool CanRead, bool CanWrite)> ready, long nanoseconds)
    {
        ArgumentNullException.ThrowIfNull(ready);
        ready.Clear();
        if (nanoseconds != long.MaxValue)
        {
            // More precise than the milliseconds of epoll_wait(2).
            var entry = (ulong)(uint)_poll.Number | (ulong)Readable << 32;
            var time = stackalloc long[2];
            (time[0], time[1]) = (Math.Max(nanoseconds, 0) / 1_000_000_000, Math.Max(nanoseconds, 0) % 1_000_000_000);
            // SAFETY: one pollfd and one timespec on the stack.
            _ = Host.Call(Nr.ppoll, (long)&entry, 1, (long)time, 0, 8);
        }

        var entries = stackalloc byte[12 * Most];
        // SAFETY: room for so many structures on the stack.
        var count = Host.Call(Nr.epoll_wait, _poll.Number, (long)entries, Most, nanoseconds == long.MaxValue ? -1 : 0);
        for (var i = 0; i < count; i++)
        {
            var (events, key) = (*(uint*)(entries + i * 12), *(ulong*)(entries + i * 12 + 4));
            if (key == ulong.MaxValue)
            {
                ulong times;
                _ = Host.Call(Nr.read, _wake.Number, (long)&times, 8);
            }
            else
            {
                ready.Add(((int)key, (events & ~Writable) != 0, (events & Writable) != 0));
            }
        }
    }

    /// <summary>Ends the current wait, or the next one at once. From any thread.</summary>
    public void Wake()
    {
        ulong one = 1;
        // SAFETY: eight bytes on the stack.
        _ = Host.Call(Nr.write, _wake.Number, (long)&one, 8);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _poll.Dispose();
        _wake.Dispose();
    }

    private void Control(int operation, int fd, uint events, ulong key)
    {
        // struct epoll_event, packed: events, data.
        var entry = stackalloc byte[12];
        *(uint*)entry = events;
        *(ulong*)(entry + 4) = key;
        // SAFETY: the structure is on the stack. Closing the descriptor takes it out again (epoll(7)).
        _ = Host.Call(Nr.epoll_ctl, _poll.Number, operation, fd, (long)entry);
    }
}
