using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>
/// Process, thread, group and session numbers of one kernel, handed out upward and reused after a wrap (pid_max). Who looks up a number
/// for a guest asks its <see cref="Jail"/>.
/// Thread-safe; its lock is a leaf.
/// </summary>
public sealed class PidTable
{
    /// <summary>/proc/sys/kernel/pid_max: numbers are below it.</summary>
    public const int Max = 4194304;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Task> _tasks = [];            // guarded by _lock
    private readonly Dictionary<int, Process> _processes = [];     // guarded by _lock
    private readonly Dictionary<int, ProcessGroup> _groups = [];   // guarded by _lock
    private readonly Dictionary<int, Session> _sessions = [];      // guarded by _lock
    private int _last;                                             // guarded by _lock
    private int _wrap = Max;

    /// <summary>Most tasks that may exist; beyond it fork answers EAGAIN.</summary>
    public int Limit { get; set; } = 4096;

    /// <summary>The number handed out last (/proc/loadavg).</summary>
    public int Last
    {
        get
        {
            lock (_lock)
            {
                return _last;
            }
        }
    }

    /// <summary>Number of tasks, zombies' leaders included.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _tasks.Count;
            }
        }
    }

    /// <summary>A new number, or EAGAIN.</summary>
    /// <param name="wanted">A particular one, EEXIST when it is taken; 0 for any.</param>
    internal Result<int> Allocate(int wanted = 0)
    {
        lock (_lock)
        {
            if (_tasks.Count >= Limit)
            {
                return Errno.EAGAIN;
            }

            if (wanted != 0)
            {
                return IsTakenLocked(wanted) ? Errno.EEXIST : wanted;
            }

            for (var tries = 0; tries < _wrap; tries++)
            {
                _last = _last + 1 >= _wrap ? 300 : _last + 1;
                if (!IsTakenLocked(_last))
                {
                    return _last;
                }
            }

            return Errno.EAGAIN;
        }
    }

    private bool IsTakenLocked(int number)
        => _tasks.ContainsKey(number) || _processes.ContainsKey(number) || _groups.ContainsKey(number) || _sessions.ContainsKey(number);

    internal void Add(Task task)
    {
        lock (_lock)
        {
            _tasks[task.Tid] = task;
        }
    }

    internal void Add(Process process)
    {
        lock (_lock)
        {
            _processes[process.Pid] = process;
        }
    }

    internal void Add(ProcessGroup group)
    {
        lock (_lock)
        {
            _groups[group.Id] = group;
        }
    }

    internal void Add(Session session)
    {
        lock (_lock)
        {
            _sessions[session.Id] = session;
        }
    }

    internal void RemoveTask(int tid)
    {
        lock (_lock)
        {
            _ = _tasks.Remove(tid);
        }
    }

    internal void RemoveProcess(int pid)
    {
        lock (_lock)
        {
            _ = _processes.Remove(pid);
            _ = _tasks.Remove(pid);
        }
    }

    internal void RemoveGroup(ProcessGroup group)
    {
        lock (_lock)
        {
            _ = _groups.Remove(group.Id);
        }
    }

    internal void RemoveSession(Session session)
    {
        lock (_lock)
        {
            _ = _sessions.Remove(session.Id);
        }
    }

    /// <summary>A task by tid, or null.</summary>
    internal Task? FindTask(int tid)
    {
        lock (_lock)
        {
            return _tasks.GetValueOrDefault(tid);
        }
    }

    /// <summary>A process by pid, zombies included, or null.</summary>
    internal Process? FindProcess(int pid)
    {
        lock (_lock)
        {
            return _processes.GetValueOrDefault(pid);
        }
    }

    /// <summary>A process group by id, or null.</summary>
    internal ProcessGroup? FindGroup(int id)
    {
        lock (_lock)
        {
            return _groups.GetValueOrDefault(id);
        }
    }

    /// <summary>A session by id, or null.</summary>
    internal Session? FindSession(int id)
    {
        lock (_lock)
        {
            return _sessions.GetValueOrDefault(id);
        }
    }

    /// <summary>Numbers of the tasks of a process, ascending.</summary>
    public IReadOnlyList<int> TasksOf(Process process)
    {
        lock (_lock)
        {
            var list = new List<int>();
            foreach (var (tid, task) in _tasks)
            {
                if (task.Process == process)
                {
                    list.Add(tid);
                }
            }

            list.Sort();
            return list;
        }
    }

    /// <summary>Every process, by pid.</summary>
    internal IReadOnlyList<Process> Processes
    {
        get
        {
            lock (_lock)
            {
                var list = _processes.Values.ToList();
                list.Sort((a, b) => a.Pid.CompareTo(b.Pid));
                return list;
            }
        }
    }
}
