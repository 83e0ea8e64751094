using Dragonet.Abi;
using Dragonet.Memory;

namespace Dragonet.Kernel;

/// <summary>What a jail's programs see of the machine: their part of it.</summary>
public sealed partial class Jail
{
    private ProcessorSet? _processors;
    private long _forks;

    /// <summary>The processors that it sees and runs on.</summary>
    public ProcessorSet ProcessorSet => Volatile.Read(ref _processors) ?? Parent?.ProcessorSet ?? Kernel.Processors;

    /// <summary>Monotonic nanoseconds of its beginning; 0 for jail 0, which is as old as the machine.</summary>
    public long StartTime { get; }

    /// <summary>Files in memory that it pays for.</summary>
    public JailFileMemory Files { get; }

    /// <summary>Bytes that wait in its pipes and sockets: a sixteenth of the memory, twice that at most, so that others have theirs.</summary>
    public MemoryAccount Buffers => Parent is null ? Kernel.Buffers
        : Volatile.Read(ref field) ?? Interlocked.CompareExchange(ref field, new MemoryAccount(Kernel.MemoryLimit / 16, Parent.Buffers), null) ?? field;

    /// <summary>Bytes of memory that it may have.</summary>
    public long MemoryTotal
    {
        get
        {
            var total = Kernel.MemoryLimit;
            for (var jail = this; jail is not null; jail = jail.Parent)
            {
                total = Math.Min(total, jail.Memory.Limit);
            }

            return total;
        }
    }

    /// <summary>Bytes of memory that its processes have, without those of files.</summary>
    public long MemoryUsed => Kernel.GetMemoryUsed(this);

    /// <summary>Nanoseconds of processors that its processes had.</summary>
    public long CpuTime => Cpu.Used;

    /// <summary>Processes and threads that were made in it.</summary>
    public long Forks => Parent is null ? Kernel.Forks : Interlocked.Read(ref _forks);

    internal void CountFork()
    {
        for (var jail = this; jail is not null; jail = jail.Parent)
        {
            _ = Interlocked.Increment(ref jail._forks);
        }
    }

    /// <summary>Whether a list of processors has one that a jail below this one can have.</summary>
    internal Errno CheckProcessors(string list, out string why)
    {
        why = $"cpuset: a list of processors among {ProcessorSet.ToListText()}";
        if (list.Length > 0 && (!ProcessorSet.TryParse(list, out var wanted) || wanted.And(ProcessorSet).Count == 0))
        {
            return Errno.EINVAL;
        }

        why = "";
        return Errno.OK;
    }

    /// <summary>The parameter has changed, here or above: threads move.</summary>
    private void ApplyProcessors()
    {
        var list = _values.Text(JailParameters.CpuSet);
        var before = Volatile.Read(ref _processors);
        var now = list.Length > 0 && ProcessorSet.TryParse(list, out var wanted) && Parent is { } parent && wanted.And(parent.ProcessorSet) is { Count: > 0 } set ? set : null;
        Volatile.Write(ref _processors, now);
        if (before is null && now is null && Parent?._processors is null)
        {
            return;
        }

        using (Kernel.TreeLock.Enter())
        {
            foreach (var process in _processes)
            {
                process.Tasks.ForEach(static task => task.ApplyAffinityLocked());
            }
        }
    }
}
