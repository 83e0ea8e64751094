using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/task: its threads.</summary>
internal sealed class TaskDirectory(ProcfsFileSystem owner, Subject subject, ulong number) : SubjectDirectory(owner, subject, 0x16D, number)
{
    /// <inheritdoc/>
    protected override uint Links => 2 + (uint)Subject.Kernel.Pids.TasksOf(Subject.Process).Count;

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        var tid = ParseNumber(name);
        return tid > 0 && Subject.Process.Jail.FindTask(tid) is { } task && task.Process == Subject.Process
            ? new ProcessDirectory(Procfs, new Subject(task))
            : Errno.ENOENT;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
    {
        var list = new List<(string, ulong, byte)>();
        foreach (var tid in Subject.Kernel.Pids.TasksOf(Subject.Process))
        {
            if (Subject.Process.Jail.FindTask(tid) is { } task)
            {
                list.Add((tid.ToString(CultureInfo.InvariantCulture), new Subject(task).Number(NumberSpace.Files, 0), DirectoryType.DT_DIR));
            }
        }

        return list;
    }
}
