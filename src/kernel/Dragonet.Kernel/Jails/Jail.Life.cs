using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>Who is in a jail, and how it ends.</summary>
public sealed partial class Jail
{
    /// <summary>Its own processes, without those of jails in it.</summary>
    public IReadOnlyList<Process> GetProcesses()
    {
        using (Kernel.TreeLock.Enter())
        {
            return [.. _processes];
        }
    }

    /// <summary>Adds its own processes to a list.</summary>
    internal void AddProcessesTo(List<Process> list)
    {
        using (Kernel.TreeLock.Enter())
        {
            list.AddRange(_processes);
        }
    }

    /// <summary>A process, or a jail, is going to be in it: it does not end before <see cref="Leave"/>.</summary>
    /// <returns>ENOENT when it is removed.</returns>
    internal Errno Enter()
    {
        using (Kernel.TreeLock.Enter())
        {
            if (_isRemoved)
            {
                return Errno.ENOENT;
            }

            _users++;
            return Errno.OK;
        }
    }

    /// <summary>A process that has entered is listed. Tree lock held. Whoever adds looks at <see cref="IsRemoved"/> afterwards.</summary>
    internal void AddLocked(Process process)
    {
        _ = _processes.Add(process);
        process.ApplyHoldLocked();
    }

    /// <summary>Room for one more task.</summary>
    /// <param name="newProcess">It is a process of its own.</param>
    /// <param name="files">Descriptors that it begins with.</param>
    /// <param name="caller">Who makes it; null for the management side.</param>
    internal bool TakeTask(bool newProcess, int files, Task? caller)
    {
        if (newProcess && !Take(Resource.MaxProc, 1, caller, own: false))
        {
            return false;
        }

        if (!Take(Resource.Threads, 1, caller, own: !newProcess))
        {
            Give(Resource.MaxProc, newProcess ? 1 : 0);
            return false;
        }

        if (files == 0 || Take(Resource.OpenFiles, files, caller, own: false))
        {
            return true;
        }

        GiveTask(newProcess, 0);
        return false;
    }

    /// <summary>Takes back <see cref="TakeTask"/>: no task came of it.</summary>
    internal void GiveTask(bool process, int files)
    {
        Give(Resource.Threads, 1);
        Give(Resource.OpenFiles, files);
        if (process)
        {
            Give(Resource.MaxProc, 1);
        }
    }

    /// <summary>A process is gone for good.</summary>
    internal void Remove(Process process)
    {
        bool last;
        using (Kernel.TreeLock.Enter())
        {
            if (!_processes.Remove(process))
            {
                return;
            }

            last = _processes.Count == 0 || (_processes.Count == 1 && _processes.Contains(Kernel.Init)); // jail 0's is always there
        }

        if (last)
        {
            Kernel.Jails.OnEmpty(this);
        }

        AddPast(process);
        Kernel.Rules.Forget(process);
        Leave();
    }

    /// <summary>Takes back <see cref="Enter"/>. The last one ends the jail, unless it is to persist. No lock held.</summary>
    internal void Leave()
    {
        bool empty, removed;
        using (Kernel.TreeLock.Enter())
        {
            empty = --_users == 0;
            removed = _isRemoved;
        }

        if (!empty || Parent is null)
        {
            return;
        }

        if (removed)
        {
            End();
        }
        else if (!_values.Flag(JailParameters.Persist))
        {
            Kernel.Jails.RemoveIfEmpty(this);
        }
    }

    /// <summary>True when neither processes nor jails are in it.</summary>
    internal bool IsEmpty
    {
        get
        {
            using (Kernel.TreeLock.Enter())
            {
                return _users == 0;
            }
        }
    }

    /// <summary>Nobody may come in any more.</summary>
    /// <param name="onlyEmpty">Not when somebody is in it.</param>
    /// <returns>True for the caller that did it.</returns>
    internal bool Close(bool onlyEmpty)
    {
        using (Kernel.TreeLock.Enter())
        {
            if (_isRemoved || (onlyEmpty && _users != 0))
            {
                return false;
            }

            Volatile.Write(ref _isRemoved, true);
            return true;
        }
    }

    /// <summary>Kills whoever is in it, after <see cref="Close"/>; when nobody was, it ends now.</summary>
    internal void Kill()
    {
        foreach (var process in GetProcesses())
        {
            process.Terminate(Sig.KILL);
        }

        if (IsEmpty)
        {
            End();
        }
    }

    private void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }

        _state.End();
        if (Mounts is { } mounts && mounts != Parent!.Mounts)
        {
            mounts.Dissolve();
        }

        IsGone = true;
        Kernel.Jails.OnEnd(this);
        Parent!.Leave();
    }

    private int _ended;
}
