using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc: the system's files, then a directory for each process.</summary>
internal sealed class RootDirectory : StaticDirectory
{
    private readonly ProcfsFileSystem _procfs;

    internal RootDirectory(ProcfsFileSystem owner)
        : base(owner, 0x16D, 1)
    {
        _procfs = owner;
        Add("self", new LinkInode(owner, static caller => caller is Task task ? Text(task.Process.Pid) : Errno.ENOENT));
        Add("thread-self", new LinkInode(owner, static caller => caller is Task task ? $"{Text(task.Process.Pid)}/task/{Text(task.Tid)}" : Errno.ENOENT));
        Add("mounts", new LinkInode(owner, static _ => "self/mounts"));
        Add("net", new LinkInode(owner, static _ => "self/net"));
        new SystemFiles(owner.Kernel).Fill(this);
        new Sysctls(owner, owner.Kernel).Fill(Directory("sys"));
        var ipc = Directory("sysvipc");
        ipc.Add("shm", new TextFile(owner, IpcText.Segments));
        ipc.Add("sem", new TextFile(owner, IpcText.Semaphores));
        ipc.Add("msg", new TextFile(owner, IpcText.Queues));

        Directory("dragonet").Add("census", new TextFile(owner, Census));
    }

    /// <inheritdoc/>
    protected override uint Links => base.Links + (uint)_procfs.Kernel.Jails.Root.VisibleProcesses.Count();

    /// <inheritdoc/>
    protected override long Time => Owner.Vfs.Now;

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        var number = SubjectDirectory.ParseNumber(name);
        if (number < 0)
        {
            return base.Lookup(caller, name);
        }

        // Threads can be looked up here, too, but are not listed (proc(5)).
        var pids = Jail.Of(caller, _procfs.Kernel);
        return pids.FindProcess(number) is { } process ? new ProcessDirectory(_procfs, new Subject(process))
            : pids.FindTask(number) is { } task ? new ProcessDirectory(_procfs, new Subject(task))
            : Errno.ENOENT;
    }

    /// <summary>A name that is not there cannot be made either: the look-up itself fails on Linux.</summary>
    public override Result<Inode> Create(ICaller caller, string name, in NewNode node) => Errno.ENOENT;

    /// <inheritdoc/>
    public override Result<Inode> MakeDirectory(ICaller caller, string name, in NewNode node) => Errno.ENOENT;

    /// <inheritdoc/>
    public override Result<Inode> MakeSymbolicLink(ICaller caller, string name, string target, in NewNode node) => Errno.ENOENT;

    /// <inheritdoc/>
    public override Result<Inode> MakeNode(ICaller caller, string name, in NewNode node) => Errno.ENOENT;

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
        => [.. base.List(caller), .. Jail.Of(caller, _procfs.Kernel).VisibleProcesses.Select(p => (Text(p.Pid), new Subject(p).Number(NumberSpace.Files, 0), DirectoryType.DT_DIR))];

    /// <summary>Ours: what the kernel has for the caller's jail and those in it, and how many names it remembers.</summary>
    private string Census(ICaller caller)
    {
        var jail = Jail.Of(caller, _procfs.Kernel);
        return string.Concat(_procfs.Kernel.TakeCensus(jail).Lines.Select(line => $"{line.Key} {line.Value}\n")) + $"dentries {Text(Kernel.Kernel.CountNames(jail))}\n";
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
