namespace Dragonet.Kernel;

/// <summary>What a jail with all jails in it reads from files and writes to them: how much in a second, and how much there may be. Thread-safe.</summary>
internal sealed class JailTransfers
{
    private const long LeastLook = 50_000_000; // nanoseconds between two looks that tell a rate
    private const int Kinds = 4;               // ReadBytes and those behind it

    private readonly Jail _jail;
    private readonly TransferLimit?[] _limits = new TransferLimit?[Kinds];
    private readonly long[] _past = new long[Kinds];     // of tasks that are gone
    private readonly Lock _look = new();                 // a leaf
    private readonly long[] _lookCount = new long[Kinds]; // guarded by _look, as all below
    private readonly long[] _rate = new long[Kinds];
    private readonly long[] _lookTime = new long[Kinds];

    internal JailTransfers(Jail jail) => _jail = jail;

    /// <summary>True when something is limited here.</summary>
    internal bool IsLimited => Array.Exists(_limits, static limit => limit is not null);

    /// <summary>So many in a second, since the last look, which was a moment ago at least.</summary>
    internal long GetRate(Resource resource)
    {
        var index = resource - Resource.ReadBytes;
        var count = Volatile.Read(ref _past[index]);
        foreach (var process in _jail.Kernel.Jails.ProcessesIn(_jail))
        {
            foreach (var task in process.GetTasks())
            {
                count += task.Transferred[index];
            }
        }

        var now = _jail.Kernel.Clock.MonotonicNanoseconds;
        lock (_look)
        {
            if (now - _lookTime[index] >= LeastLook)
            {
                _rate[index] = Math.Max(0, (long)((count - _lookCount[index]) * 1e9 / (now - _lookTime[index])));
                (_lookTime[index], _lookCount[index]) = (now, count);
            }

            return _rate[index];
        }
    }

    /// <summary>Sets a limit; null for none.</summary>
    internal void Limit(Resource resource, long? perSecond)
    {
        ref var limit = ref _limits[resource - Resource.ReadBytes];
        if (limit?.PerSecond != perSecond)
        {
            Volatile.Write(ref limit, perSecond is { } number ? new TransferLimit(Math.Max(1, number)) : null);
        }
    }

    /// <summary>Nanoseconds that who is about to read or write has to wait.</summary>
    internal long GetDelay(bool write, long now)
    {
        var first = write ? 1 : 0; // bytes, then calls two behind
        return Math.Max(Volatile.Read(ref _limits[first])?.GetDelay(now) ?? 0, Volatile.Read(ref _limits[first + 2])?.GetDelay(now) ?? 0);
    }

    /// <summary>A call has read or written so many bytes.</summary>
    internal void Take(bool write, long bytes, long now)
    {
        var first = write ? 1 : 0;
        Volatile.Read(ref _limits[first])?.Take(bytes, now);
        Volatile.Read(ref _limits[first + 2])?.Take(1, now);
    }

    /// <summary>A task is gone.</summary>
    internal void AddPast(ReadOnlySpan<long> transferred)
    {
        for (var i = 0; i < Kinds; i++)
        {
            _ = Interlocked.Add(ref _past[i], transferred[i]);
        }
    }
}
