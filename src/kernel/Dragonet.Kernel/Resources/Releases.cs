namespace Dragonet.Kernel;

/// <summary>
/// Lets programs go on that were held (<see cref="JailCpu"/>, <see cref="CpuTurns"/>). The host may run such a program at once and where the
/// thread was that let it go, which then waits until the program's turn of the processor ends, some milliseconds later. So there is a thread
/// for it, without locks while it may wait: the one that has to end the program's run in time sleeps by then, and sleepers are woken.
/// </summary>
internal sealed class Releases(Kernel kernel)
{
    private readonly object _lock = new(); // a leaf, with a condition
    private readonly Queue<Process> _waiting = new(); // guarded by _lock
    private Thread? _thread; // guarded by _lock
    private bool _stopped;   // guarded by _lock

    /// <summary>It may run, as far as anybody knows.</summary>
    internal void Add(Process process)
    {
        if (!kernel.Clock.RunsByItself)
        {
            process.FollowHold();
            return;
        }

        lock (_lock)
        {
            if (_stopped)
            {
                return;
            }

            _waiting.Enqueue(process);
            if (_thread is null)
            {
                _thread = new Thread(Loop, 256 * 1024) { IsBackground = true, Name = "releases" };
                _thread.Start();
            }

            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Ends the thread.</summary>
    internal void Stop()
    {
        lock (_lock)
        {
            _stopped = true;
            Monitor.Pulse(_lock);
        }
    }

    private void Loop()
    {
        while (Take() is { } process)
        {
            process.FollowHold();
        }
    }

    private Process? Take()
    {
        lock (_lock)
        {
            while (!_stopped && _waiting.Count == 0)
            {
                _ = Monitor.Wait(_lock);
            }

            return _stopped ? null : _waiting.Dequeue();
        }
    }
}
