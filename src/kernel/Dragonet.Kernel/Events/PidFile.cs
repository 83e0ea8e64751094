using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>A process, or one of its threads, as a file (pidfd_open(2)): readable once it has ended.</summary>
/// <param name="process">The process.</param>
/// <param name="thread">The thread meant by PIDFD_THREAD, else null.</param>
/// <param name="flags">Status flags.</param>
public sealed class PidFile(Process process, Task? thread, OpenFlags flags) : AnonymousFile("pidfd", flags)
{
    /// <summary>The process.</summary>
    public Process Process => process;

    /// <summary>The thread it stands for, or null for the whole process.</summary>
    public Task? Thread => thread;

    /// <summary>True when somebody has waited for the process.</summary>
    public bool IsReaped => process.Kernel.Pids.FindProcess(process.Pid) != process;

    /// <inheritdoc/>
    public override string FdInfo
    {
        get
        {
            var pid = IsReaped ? -1 : thread?.Tid ?? process.Pid;
            return $"Pid:\t{pid}\nNSpid:\t{pid}\n";
        }
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(process.Changed);
        var ended = process.IsZombie || (thread?.IsDead ?? false);
        return (ended ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0) | (IsReaped ? PollEvents.POLLHUP : 0);
    }
}
