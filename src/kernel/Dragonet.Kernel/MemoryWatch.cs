using System.Globalization;

namespace Dragonet.Kernel;

/// <summary>
/// Keeps all guests together within the kernel's memory limit. The host gives memory to guests without asking us, so it is looked at from
/// time to time: often near the limit, seldom far from it, never while every task waits in the kernel, since then nothing can grow. When
/// there is too much, the worst process is killed, as Linux would (mm/oom_kill.c).
/// </summary>
public sealed class MemoryWatch
{
    private const long Shortest = 5_000_000, First = 10_000_000, Longest = 100_000_000; // nanoseconds between two looks
    private const long LongestQuiet = 10_000_000_000;
    private const long GrowthPerSecond = 8L << 30; // more than page faults on a few processors can fill

    private readonly Kernel _kernel;
    private long _quiet = Longest; // only the timer's thread uses it
    private Process? _victim;      // killed, and perhaps not gone yet; only the timer's thread uses it
    private bool _running;         // a timer is armed, or its callback runs

    internal MemoryWatch(Kernel kernel) => _kernel = kernel;

    /// <summary>Processes that were killed.</summary>
    public int Kills { get; private set; }

    /// <summary>Bytes in use by guests and by files in memory; pages shared by guests count in each.</summary>
    public long Estimate() => _kernel.Platform.MemoryInUse + Sum(static process => process.Leader.Thread.Space.GetMemory());

    /// <summary>Guest code is about to run.</summary>
    internal void Wake()
    {
        if (_kernel.Platform.GuestsTakeMemory && !Volatile.Read(ref _running) && !Interlocked.Exchange(ref _running, true))
        {
            _quiet = Longest;
            Arm(First);
        }
    }

    /// <summary>proc_pid_oom_score(5): pages, and the adjustment in thousandths of all memory. Negative for those that are never killed.</summary>
    public static long Badness(Process process, long resident)
        => process.OomScoreAdjust == -1000 ? -1 : Math.Max(1, resident + (process.OomScoreAdjust * (process.Kernel.MemoryLimit / 1000)));

    private void Arm(long delay) => _ = _kernel.Timers.Add(_kernel.Clock.MonotonicNanoseconds + delay, Look);

    private void Look()
    {
        var begin = _kernel.Clock.MonotonicNanoseconds;
        _kernel.CpuShares.Notice();
        var used = Estimate();
        var delay = Math.Clamp((_kernel.MemoryLimit - used) * 1000 / (GrowthPerSecond / 1_000_000), Shortest, Longest);
        if (used > _kernel.MemoryLimit)
        {
            delay = Shortest;
            var exact = _kernel.Platform.MemoryInUse + Sum(static process => process.Leader.Thread.Space.GetMemoryShare());
            if (exact > _kernel.MemoryLimit)
            {
                Kill(exact, _kernel.MemoryLimit, Greediest());
            }
        }
        else if (LookAtJails(out var near))
        {
            delay = near;
        }
        else if (MayRest())
        {
            return;
        }
        else if (NobodyRuns())
        {
            // Threads that sleep in the host's futex: they may wake by themselves, so the looks become rare, not none.
            delay = _quiet = Math.Min(_quiet * 2, LongestQuiet);
        }
        else
        {
            _quiet = Longest;
        }

        // Looking takes a twentieth of the time at most.
        Arm(Math.Max(delay, (_kernel.Clock.MonotonicNanoseconds - begin) * 20));
    }

    /// <summary>Ends the looking when every task waits in the kernel; <see cref="Wake"/> comes before guest code runs again.</summary>
    private bool MayRest()
    {
        if (!AllParked())
        {
            return false;
        }

        Volatile.Write(ref _running, false);
        Interlocked.MemoryBarrier();
        return AllParked() || Interlocked.Exchange(ref _running, true);
    }

    /// <summary>Who has most of the memory, with its files: a jail in jail 0, or jail 0 itself, whose processes are not in a jail. It has to give
    /// some back, and nobody else.</summary>
    private Jail? Greediest()
    {
        var most = Sum(static process => process.Jail.Parent is null ? process.Leader.Thread.Space.GetMemory() : 0);
        Jail? worst = null;
        foreach (var jail in _kernel.Jails.Top())
        {
            var processes = Sum(static process => process.Leader.Thread.Space.GetMemory(), jail);
            if (processes > 0 && processes + jail.Files.Used is var used && used > most)
            {
                (worst, most) = (jail, used);
            }
        }

        return worst ?? _kernel.Jails.Root;
    }

    /// <summary>Kills the process with the greatest badness, unless the last one killed is still on its way out.</summary>
    private void Kill(long used, long limit, Jail? jail)
    {
        if (_victim is { } last && last.Leader.Thread is { } leaving && leaving.Space.GetMemory() > 0)
        {
            return;
        }

        Process? worst = null;
        var most = 0L;
        foreach (var process in Living())
        {
            var among = jail?.Parent is null ? process.Jail.Parent is null || jail is null : jail.Contains(process.Jail);
            if (among && Badness(process, process.Leader.Thread.Space.GetMemory()) is var points && points > most)
            {
                (worst, most) = (process, points);
            }
        }

        if (worst is null)
        {
            return;
        }

        var resident = worst.Leader.Thread.Space.GetMemory();
        _victim = worst;
        Kills++;
        _kernel.Log.Write(3, string.Create(CultureInfo.InvariantCulture,
            $"Out of memory: Killed process {worst.Pid} ({worst.Leader.Name}) anon-rss:{resident / 1024}kB, UID:{worst.Leader.Credentials.Uid} oom_score_adj:{worst.OomScoreAdjust}; used {used >> 20} of {limit >> 20} MiB{(jail?.Parent is null ? "" : $" of jail {jail.Name}")}"));

        // Whoever shares the memory must go, too: it is not freed before.
        foreach (var process in Living())
        {
            if (process == worst || ReferenceEquals(process.MemoryId, worst.MemoryId))
            {
                process.Terminate(Sig.KILL);
            }
        }
    }

    /// <summary>Jails with a limit of their own: whoever has too much loses its worst process, and nobody else does.</summary>
    /// <param name="delay">Until the next look.</param>
    /// <returns>True when there are such jails with somebody running.</returns>
    private bool LookAtJails(out long delay)
    {
        delay = Longest;
        var any = false;
        foreach (var jail in _kernel.Jails.List())
        {
            if (jail.Memory.Limit == long.MaxValue)
            {
                continue;
            }

            var files = jail.Files.Used;
            var processes = Sum(static process => process.Leader.Thread.Space.GetMemory(), jail);
            jail.Files.SetProcesses(processes);
            var used = processes + files;
            jail.Memory.Measured(used);
            any |= processes > 0;
            delay = Math.Min(delay, Math.Clamp((jail.Memory.Limit - used) * 1000 / (GrowthPerSecond / 1_000_000), Shortest, Longest));
            if (used > jail.Memory.Limit && files + Sum(static process => process.Leader.Thread.Space.GetMemoryShare(), jail) is var exact && exact > jail.Memory.Limit)
            {
                delay = Shortest;
                jail.Memory.CountFailure();
                _kernel.Jails.OnLimit(new LimitHit(jail, Resource.MemoryUse, jail.Memory.Limit, 0, -1, new ResourceAction(ResourceActionKind.Deny)));
                Kill(exact, jail.Memory.Limit, jail);
            }
        }

        return any && !AllParked();
    }

    private long Sum(Func<Process, long> measure, Jail? jail = null)
    {
        long total = 0;
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (var process in Living())
        {
            total += jail?.Contains(process.Jail) != false && seen.Add(process.MemoryId) ? measure(process) : 0;
        }

        return total;
    }

    private IEnumerable<Process> Living()
    {
        foreach (var process in _kernel.Pids.Processes)
        {
            if (process != _kernel.Init && !process.IsZombie && !process.IsExiting && process.Leader.Thread is not null)
            {
                yield return process;
            }
        }
    }

    private bool AllParked()
    {
        foreach (var process in Living())
        {
            foreach (var task in process.GetTasks())
            {
                if (!process.IsStopped && !task.IsParked)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private bool NobodyRuns()
    {
        foreach (var process in Living())
        {
            foreach (var task in process.GetTasks())
            {
                if (task.StateLetter == 'R')
                {
                    return false;
                }
            }
        }

        return true;
    }
}
