using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID and /proc/PID/task/TID.</summary>
internal sealed class ProcessDirectory(ProcfsFileSystem owner, Subject subject)
    : SubjectDirectory(owner, subject, 0x16D, subject.Number(NumberSpace.Files, 0)), IProcessPlace
{
    private const int FirstText = 16;

    // The order gives the inode numbers.
    private static readonly string[] s_others = ["fd", "fdinfo", "ns", "task", "net", "cwd", "root", "exe"];

    /// <inheritdoc/>
    public Process? Process => Subject.IsThread ? null : Subject.Process;

    /// <inheritdoc/>
    protected override uint Links => Subject.IsThread ? 6u : 7;

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        if (!Subject.Exists)
        {
            return Errno.ENOENT;
        }

        switch (name)
        {
            case "fd":
                return new DescriptorDirectory(Procfs, Subject, links: true, FileNumber(name));
            case "fdinfo":
                return new DescriptorDirectory(Procfs, Subject, links: false, FileNumber(name));
            case "ns":
                return new NamespaceDirectory(Procfs, Subject, FileNumber(name));
            case "task":
                return Subject.IsThread ? Errno.ENOENT : new TaskDirectory(Procfs, Subject, FileNumber(name));
            case "net":
                return Procfs.Net;
            case "cwd":
                return new SubjectLink(Procfs, Subject, static s => s.Task.Fs.Cwd, FileNumber(name));
            case "root":
                return new SubjectLink(Procfs, Subject, static s => s.Task.Fs.Root, FileNumber(name));
            case "exe":
                return new SubjectLink(Procfs, Subject, static s => s.Process.Executable, FileNumber(name));
        }

        var entries = ProcessFiles.All;
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i].Name == name)
            {
                return new SubjectFile(Procfs, Subject, entries[i], Subject.Number(NumberSpace.Files, FirstText + i));
            }
        }

        return Errno.ENOENT;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
    {
        var list = new List<(string, ulong, byte)>();
        foreach (var name in s_others)
        {
            if (name != "task" || !Subject.IsThread)
            {
                var type = name is "cwd" or "root" or "exe" ? DirectoryType.DT_LNK : DirectoryType.DT_DIR;
                list.Add((name, name == "net" ? Procfs.Net.Number : FileNumber(name), type));
            }
        }

        var entries = ProcessFiles.All;
        for (var i = 0; i < entries.Count; i++)
        {
            list.Add((entries[i].Name, Subject.Number(NumberSpace.Files, FirstText + i), DirectoryType.DT_REG));
        }

        return list;
    }

    private ulong FileNumber(string name) => Subject.Number(NumberSpace.Files, 1 + Array.IndexOf(s_others, name));
}
