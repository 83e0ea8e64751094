namespace Dragonet.Kernel;

/// <summary>
/// Turns for the many processes of a jail that keep the kernel busy, with calls, forks and execs, while another jail is awake: only so many
/// run at a time as leave one processor free. What the kernel does for them is nobody's processor time, so <see cref="CpuShares"/> alone does
/// not see it, and the host's scheduler would have the neighbour wait behind each of them. Only prompt timers use it.
/// </summary>
internal sealed class CpuTurns(Jail jail)
{
    private const int MostAsked = 64;
    private const double MostlyComputing = 0.85; // of the processors it may use

    private readonly List<Process> _queued = [];
    private int _last; // whose turn began last

    /// <summary>Someone is held.</summary>
    internal bool IsActive => _queued.Count > 0;

    /// <summary>The next turn.</summary>
    /// <param name="others">Another jail is awake.</param>
    /// <param name="processors">Of the machine.</param>
    /// <param name="used">Processors that its programs had since the last turn: those that compute are held by their share, if at all.</param>
    internal void Next(bool others, int processors, double used)
    {
        var room = Math.Max(1, processors - 1);
        var computes = used > MostlyComputing * (IsActive ? room : processors);
        if (others && !computes && Wanting() is { } wanting && wanting.Count > processors)
        {
            Rotate(wanting, room);
        }
        else
        {
            Release();
        }
    }

    /// <summary>All may run.</summary>
    internal void Release()
    {
        _queued.ForEach(static process => process.SetQueued(false));
        _queued.Clear();
    }

    private void Rotate(List<Process> wanting, int room)
    {
        wanting.Sort(static (left, right) => left.Pid.CompareTo(right.Pid));
        var first = Math.Max(0, wanting.FindIndex(process => process.Pid > _last));
        _queued.Clear();
        for (var i = wanting.Count - 1; i >= 0; i--) // who is to be held first, so that never more than these run
        {
            var process = wanting[(first + i) % wanting.Count];
            process.SetQueued(i >= room);
            if (i >= room)
            {
                _queued.Add(process);
            }
            else if (i == room - 1)
            {
                _last = process.Pid;
            }
        }
    }

    private List<Process> Wanting()
    {
        var (asked, wanting) = (0, new List<Process>());
        foreach (var process in jail.Kernel.Jails.ProcessesIn(jail))
        {
            if (process is { IsExiting: false, IsZombie: false, IsStopped: false }
                && (process.IsQueued || process.GetTasks().Any(task => !task.IsParked && (++asked > MostAsked || task.StateLetter == 'R'))))
            {
                wanting.Add(process);
            }
        }

        return wanting;
    }
}
