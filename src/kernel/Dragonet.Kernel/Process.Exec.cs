using Dragonet.Abi;

namespace Dragonet.Kernel;

/// <summary>What exec does to the process as a whole.</summary>
public sealed partial class Process
{
    /// <summary>True when another process has the same memory (vfork, CLONE_VM).</summary>
    public bool SharesMemory
    {
        get
        {
            foreach (var other in Kernel.Pids.Processes)
            {
                if (other != this && ReferenceEquals(other.MemoryId, MemoryId) && !other.IsZombie)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Told about every exec: timers that exec deletes hang here.</summary>
    public event Action<Process>? Execed;

    internal void OnExec()
    {
        ResetObjectsForExec();
        Execed?.Invoke(this);
    }

    /// <summary>Ends every task but one, which takes the process's pid (execve(2), "Effect on process attributes").</summary>
    /// <returns>False when the process is ending.</returns>
    internal bool KeepOnly(Task survivor)
    {
        Task[] others;
        int oldTid;
        using (Kernel.TreeLock.Enter())
        {
            if (IsExiting)
            {
                return false;
            }

            others = [.. Tasks.Where(task => task != survivor)];
            oldTid = survivor.Tid;
        }

        foreach (var other in others)
        {
            _ = other.MarkDead();
            other.ReleaseWhenIdle();
        }

        if (oldTid != Pid)
        {
            using (Kernel.TreeLock.Enter())
            {
                Leader = survivor;
                _ = Tasks.RemoveAll(task => task.IsDead);
                survivor.TakeOverTid(Pid);
            }

            Kernel.Pids.RemoveTask(oldTid);
            Kernel.Pids.Add(survivor);
            Kernel.OnNumberFreed(this, oldTid);
        }

        return true;
    }

    /// <summary>RLIMIT_STACK has moved the end of the stack.</summary>
    public void SetStackFloor(ulong address)
    {
        using (Kernel.TreeLock.Enter())
        {
            Layout = Layout with { StackFloor = address };
        }
    }

    /// <summary>Passes the limits on memory to the host, which enforces them on the process it runs.</summary>
    public void ApplyLimits()
    {
        if (Leader.Thread is not { } thread)
        {
            return;
        }

        foreach (var resource in (ReadOnlySpan<int>)[Rlimits.AddressSpace, Rlimits.Data])
        {
            var (soft, hard) = Limits[resource];
            if (resource == Rlimits.Data)
            {
                // No process may have more private memory than all together: the host answers ENOMEM at that point.
                (soft, hard) = (Math.Min(soft, (ulong)Kernel.MemoryLimit), Math.Min(hard, (ulong)Kernel.MemoryLimit));
            }

            soft = Math.Min(soft, (ulong)Kernel.Rules.LimitOfProcess(this, resource == Rlimits.Data ? Resource.DataSize : Resource.VirtualMemoryUse));

            if (soft != Rlimits.Infinity)
            {
                // The stub's own pages come on top of what the guest may have.
                const ulong own = 1UL << 20;
                _ = thread.Space.SetLimit(resource, Add(soft, own), Add(hard, own));
            }
        }

        static ulong Add(ulong value, ulong extra) => value > ulong.MaxValue - extra ? ulong.MaxValue : value + extra;
    }
}
