using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>What the end of a task does to its memory while that is still there (set_tid_address(2), get_robust_list(2)).</summary>
internal static class TaskExit
{
    internal static void Run(Task task, bool group)
    {
        task.Kernel.Futexes.ExitRobust(task);
        if (!group || task.Process.SharesMemory)
        {
            task.Kernel.Futexes.ClearTid(task);
        }
    }
}
