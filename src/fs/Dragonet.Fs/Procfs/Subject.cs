using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Fs.Procfs;

/// <summary>Whom a directory of procfs is about: a process (/proc/PID) or one thread (/proc/PID/task/TID). Takes no lock unless a
/// member says so: it is asked while directories are locked.</summary>
internal sealed class Subject
{
    private readonly Task? _task;

    /// <summary>A process.</summary>
    internal Subject(Process process)
    {
        Process = process;
        Id = process.Pid;
    }

    /// <summary>One thread.</summary>
    internal Subject(Task task)
    {
        _task = task;
        Process = task.Process;
        Id = task.Tid;
    }

    /// <summary>The process, or the thread's process.</summary>
    internal Process Process { get; }

    /// <summary>The pid or tid.</summary>
    internal int Id { get; }

    /// <summary>True for one thread.</summary>
    internal bool IsThread => _task is not null;

    /// <summary>The thread, or the process's first.</summary>
    internal Task Task => _task ?? Process.Leader;

    /// <summary>The kernel.</summary>
    internal Kernel.Kernel Kernel => Process.Kernel;

    /// <summary>True until it is reaped.</summary>
    internal bool Exists => _task is null ? Process.IsListed : _task.IsListed;

    /// <summary>The address space; null for zombies and for init, which has none.</summary>
    internal VmSpace? Space => Process.IsZombie || Process.IsExiting || Task.Thread is not { } thread ? null : thread.Space;

    /// <summary>The state's letter (proc_pid_stat(5)); init sleeps for ever.</summary>
    internal char State => Process == Kernel.Init ? 'S' : Task.StateLetter;

    /// <summary>Owner of its files: the effective user, or root when it must not be dumped (proc(5)).</summary>
    internal uint Uid => Process.Dumpable == 1 ? Task.Credentials.EffectiveUid : 0;

    /// <inheritdoc cref="Uid"/>
    internal uint Gid => Process.Dumpable == 1 ? Task.Credentials.EffectiveGid : 0;

    /// <summary>ptrace(2), "Ptrace access mode checking", with PTRACE_MODE_READ_FSCREDS.</summary>
    internal bool MayInspect(Credentials reader)
    {
        var target = Task.Credentials;
        if (reader.Has(Capability.CAP_SYS_PTRACE, target.Namespace) && (Process.Dumpable == 1 || reader.Has(Capability.CAP_SYS_PTRACE, Process.ProgramNamespace)))
        {
            return true;
        }

        var same = reader.FsUid == target.Uid && reader.FsUid == target.EffectiveUid && reader.FsUid == target.SavedUid
            && reader.FsGid == target.Gid && reader.FsGid == target.EffectiveGid && reader.FsGid == target.SavedGid;
        return same && Process.Dumpable == 1 && ReferenceEquals(reader.Namespace, target.Namespace) && (target.Permitted & ~reader.Effective) == 0;
    }

    /// <inheritdoc cref="MayInspect(Credentials)"/>
    internal bool MayInspect(ICaller caller) => (caller is Task task && task.Process == Process) || MayInspect(caller.Credentials);

    /// <summary>Inode number of a file of it, the same at each look-up.</summary>
    /// <param name="kind">Which directory.</param>
    /// <param name="index">Which file of it.</param>
    internal ulong Number(NumberSpace kind, int index) => (ulong)Id << 36 | (IsThread ? 1UL << 35 : 0) | (ulong)kind << 32 | (uint)index;
}
