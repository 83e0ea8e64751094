using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Descriptors for new files.</summary>
internal static class TaskFiles
{
    /// <summary>Installs a new file at the lowest descriptor; EMFILE (and the file is released) beyond RLIMIT_NOFILE.</summary>
    public static SysResult Install(this Task task, OpenFile file, bool closeOnExec) =>
        SysResult.From(task.Files.Install(task, file, closeOnExec));

    /// <summary>Installs a new file and hands out the number.</summary>
    public static Result<int> InstallFile(this Task task, OpenFile file, bool closeOnExec) =>
        task.Files.Install(task, file, closeOnExec);
}
