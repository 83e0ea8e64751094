using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostStreams;

/// <summary>One thread that waits for host descriptors. It is made when the first guest has to wait for one.</summary>
internal sealed unsafe class HostPoller : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, (PollEvents Interest, List<Action> Callbacks)> _armed = []; // guarded by _lock
    private readonly HostFd _wake = HostFd.Own(Host.Call(Nr.eventfd2, 0, 0x80800));
    private bool _started;   // guarded by _lock
    private bool _disposed;  // guarded by _lock

    /// <summary>Calls back once when one of the events may be possible.</summary>
    internal void Arm(int fd, PollEvents interest, Action callback)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            if (_armed.TryGetValue(fd, out var entry))
            {
                entry.Callbacks.Add(callback);
                _armed[fd] = (entry.Interest | interest, entry.Callbacks);
            }
            else
            {
                _armed[fd] = (interest, [callback]);
            }

            if (!_started)
            {
                _started = true;
                new Thread(Loop, 256 * 1024) { IsBackground = true, Name = "host-poll" }.Start();
            }
        }

        Signal();
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        Signal();
    }

    private void Signal()
    {
        ulong one = 1;
        // SAFETY: eight bytes on the stack.
        _ = Host.Call(Nr.write, _wake.Number, (long)&one, 8);
    }

    private void Loop()
    {
        while (true)
        {
            ulong[] entries;
            lock (_lock)
            {
                if (_disposed)
                {
                    return;
                }

                // struct pollfd { int fd; short events; short revents; }
                entries = [(ulong)(uint)_wake.Number | 1UL << 32, .. _armed.Select(item => (ulong)(uint)item.Key | ((ulong)item.Value.Interest & 0xffff) << 32)];
            }

            fixed (ulong* pointer = entries)
            {
                // SAFETY: the pinned array of pollfd.
                _ = Host.Call(Nr.poll, (long)pointer, entries.Length, -1);
            }

            if (entries[0] >> 48 != 0)
            {
                ulong count;
                _ = Host.Call(Nr.read, _wake.Number, (long)&count, 8);
            }

            foreach (var entry in entries.AsSpan(1))
            {
                if (entry >> 48 != 0)
                {
                    Fire((int)(uint)entry);
                }
            }
        }
    }

    private void Fire(int fd)
    {
        List<Action> callbacks;
        lock (_lock)
        {
            if (!_armed.Remove(fd, out var entry))
            {
                return;
            }

            callbacks = entry.Callbacks;
        }

        foreach (var callback in callbacks)
        {
            callback();
        }
    }
}
