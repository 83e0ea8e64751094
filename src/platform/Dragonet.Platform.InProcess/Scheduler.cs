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
    private readonly Turn _back = new();
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
    internal bool EndsHere(int once) => _order is not null && Choose(once) == 0;

    /// <summary>How often the seed was asked: two runs that are not the same differ in it soon.</summary>
    internal long Choices { get; private set; }

    private int Choose(int among)
    {
        Choices++;
        return _order!.Next(among);
    }

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
        if (Next() is { } thread)
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

    /// <summary>The thread whose turn it is has ended it: the next one gets it, maybe the same.</summary>
    internal void EndTurn()
    {
        if (Next() is { } thread)
        {
            thread.GiveTurn();
        }
        else
        {
            _back.Give();
        }
    }

    private InProcessThread? Next()
    {
        lock (_lock)
        {
            while (_runnable.Count > 0)
            {
                var index = IsRandom ? Choose(_runnable.Count) : 0;
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
