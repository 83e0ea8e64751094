using Dragonet.Abi;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Who gets the signals of an open file (fcntl(2), F_SETOWN).</summary>
internal static class FileOwner
{
    /// <summary>Signals the owner, when whoever made him that was allowed to.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="file">The file.</param>
    /// <param name="info">The signal.</param>
    /// <param name="plain">What is sent when the queue of real-time signals is full (fcntl(2), F_SETSIG).</param>
    public static void Signal(Kernel kernel, OpenFile file, SigInfo info, SigInfo plain)
    {
        foreach (var (process, task) in Targets(kernel, file.Owner.Type, file.Owner.Id))
        {
            if (MaySignal(file, process) && (task is null ? process.Send(info) : task.Send(info)) == Errno.EAGAIN)
            {
                _ = task is null ? process.Send(plain) : task.Send(plain);
            }
        }
    }

    private static IEnumerable<(Process Process, Task? Task)> Targets(Kernel kernel, int type, int id)
    {
        const int thread = 0, processOnly = 1;
        switch (type)
        {
            case thread when kernel.Pids.FindTask(id) is { } task:
                return [(task.Process, task)];
            case processOnly when kernel.Pids.FindProcess(id) is { } process:
                return [(process, null)];
            case > processOnly when id != 0:
                return kernel.Pids.Processes.Where(process => process.Group.Id == id).Select(static process => (process, (Task?)null));
            default:
                return [];
        }
    }

    private static bool MaySignal(OpenFile file, Process process)
    {
        var theirs = process.Leader.Credentials;
        if (file.OwnerSetter is { Limit: { } jail } && jail != theirs.Limit)
        {
            return false; // the number belongs to a process of another jail by now
        }

        return file.OwnerSetter is not { } setter || setter.EffectiveUid == 0
            || setter.EffectiveUid == theirs.SavedUid || setter.EffectiveUid == theirs.Uid || setter.Uid == theirs.SavedUid || setter.Uid == theirs.Uid;
    }
}
