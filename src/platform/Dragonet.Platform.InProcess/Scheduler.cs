namespace Dragonet.Platform.InProcess;

/// <summary>
/// Runs one guest thread at a time, in the order in which they became able to run, or in one that a seed says. Each has a host thread of its
/// own, so that its C# stack survives a blocked call, but a host thread moves only while it holds the turn: a run is the same every time.
/// </summary>
internal sealed class Scheduler
{
    private readonly Lock _lock = new();
    private readonly List<InProcessThread> _runnable = []; // guarded by _lock, like the rest
    private readonly List<InProcessThread> _frozen = [];
    private readonly List<Exception> _failures = [];
    private readonly SemaphoreSlim _back = new(0);
    private Random? _order;

    /// <summary>Turns end anywhere and go to anybody.</summary>
    internal bool IsRandom => _order is not null;

    internal void OrderBy(int seed)
    {
        lock (_lock)
        {
            _order = new Random(seed);
        }
    }

    /// <summary>Whether a turn ends here, once in so many times; only for the thread whose turn it is.</summary>
    internal bool EndsHere(int once) => _order?.Next(once) == 0;

    /// <summary>It has something to do at its next turn.</summary>
    internal void Add(InProcessThread thread)
    {
        lock (_lock)
        {
            _runnable.Add(thread);
        }
    }

    /// <summary>A stopped address space continues.</summary>
    internal void Thaw()
    {
        lock (_lock)
        {
            _runnable.AddRange(_frozen);
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
            while (_runnable.Count > 0)
            {
                var index = _order?.Next(_runnable.Count) ?? 0;
                var thread = _runnable[index];
                _runnable.RemoveAt(index);
                if (thread.IsDone)
                {
                    continue;
                }

                if (thread.IsInKernel || !((InProcessSpace)thread.Space).IsFrozen)
                {
                    return thread;
                }

                _frozen.Add(thread);
            }

            return null;
        }
    }
}
