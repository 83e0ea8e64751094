using Dragonet.Kernel;
using Dragonet.Linux.Strace;
using Dragonet.Platform;

namespace Dragonet;

/// <summary>Who looks at system calls from outside, and at whose. Thread-safe. While nobody looks, the kernel asks nobody.</summary>
internal sealed class SystemCallTraces(Kernel.Kernel kernel) : ITrace
{
    private readonly Lock _lock = new();
    private readonly ITrace? _first = kernel.Trace; // of the kernel's options: sees everything, always
    private volatile Watcher[] _watchers = [];

    /// <summary>Tells what the processes of a jail, or one of them, ask for, until the result is disposed.</summary>
    internal IDisposable Add(Jail jail, int pid, Action<string> line)
    {
        var watcher = new Watcher(this, jail, pid, new StraceWriter(line));
        lock (_lock)
        {
            Change([.. _watchers, watcher]);
        }

        return watcher;
    }

    public void OnResult(Kernel.Task task, in SystemCall call, Base.SysResult result)
    {
        _first?.OnResult(task, call, result);
        foreach (var watcher in _watchers)
        {
            if (watcher.Sees(task))
            {
                watcher.Writer.OnResult(task, call, result);
            }
        }
    }

    public void OnSignal(Kernel.Task task, int signal)
    {
        _first?.OnSignal(task, signal);
        foreach (var watcher in _watchers)
        {
            if (watcher.Sees(task))
            {
                watcher.Writer.OnSignal(task, signal);
            }
        }
    }

    public void OnExit(Kernel.Task task, int status)
    {
        _first?.OnExit(task, status);
        foreach (var watcher in _watchers)
        {
            if (watcher.Sees(task))
            {
                watcher.Writer.OnExit(task, status);
            }
        }
    }

    /// <summary>The lock is held.</summary>
    private void Change(Watcher[] watchers)
    {
        _watchers = watchers;
        kernel.Trace = watchers.Length == 0 ? _first : this;
    }

    private void Remove(Watcher watcher)
    {
        lock (_lock)
        {
            Change([.. _watchers.Where(each => each != watcher)]);
        }
    }

    private sealed class Watcher(SystemCallTraces owner, Jail jail, int pid, StraceWriter writer) : IDisposable
    {
        internal StraceWriter Writer => writer;

        internal bool Sees(Kernel.Task task) => pid == 0 ? jail.Contains(task.Process.Jail) : task.Process.Pid == pid;

        public void Dispose() => owner.Remove(this);
    }
}
