namespace Dragonet.Platform.InProcess;

/// <summary>
/// Runs one guest thread at a time, in the order in which they became able to run. Each has a host thread of its own, so that its C# stack
/// survives a blocked call, but a host thread moves only while it holds the turn: a run is the same every time.
/// </summary>
internal sealed class Scheduler
{
    private readonly Lock _lock = new();
    private readonly Queue<InProcessThread> _runnable = new(); // guarded by _lock, like _frozen and _failures
    private readonly List<InProcessThread> _frozen = [];
    private readonly List<Exception> _failures = [];
    private readonly SemaphoreSlim _back = new(0);

    /// <summary>It has something to do at its next turn.</summary>
    internal void Add(InProcessThread thread)
    {
        lock (_lock)
        {
            _runnable.Enqueue(thread);
        }
    }

    /// <summary>A stopped address space continues.</summary>
    internal void Thaw()
    {
        lock (_lock)
        {
            _frozen.ForEach(_runnable.Enqueue);
            _frozen.Clear();
        }
    }

    /// <summary>A guest's delegate threw.</summary>
    internal void Fail(Exception failure)
    {
        lock (_lock)
        {
            _failures.Add(failure);
        }
    }

    /// <summary>Gives turns until nobody wants one.</summary>
    internal void RunUntilIdle()
    {
        while (Next() is { } thread)
        {
            thread.GiveTurn();
            _back.Wait();
        }

        lock (_lock)
        {
            if (_failures.Count > 0)
            {
                var failures = _failures.ToArray();
                _failures.Clear();
                throw failures.Length == 1 ? new GuestFailedException(failures[0]) : new GuestFailedException(new AggregateException(failures));
            }
        }
    }

    /// <summary>The thread whose turn it is has ended it.</summary>
    internal void EndTurn() => _back.Release();

    private InProcessThread? Next()
    {
        lock (_lock)
        {
            while (_runnable.TryDequeue(out var thread))
            {
                if (thread.IsDone)
                {
                    continue;
                }

                if (!((InProcessSpace)thread.Space).IsFrozen)
                {
                    return thread;
                }

                _frozen.Add(thread);
            }

            return null;
        }
    }
}
