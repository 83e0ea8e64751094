using System.Globalization;
using Dragonet.Abi;
using Dragonet.Kernel;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>The one procfs of a kernel.</summary>
internal sealed class ProcfsFileSystem : SyntheticFileSystem
{
    internal ProcfsFileSystem(Kernel.Kernel kernel)
        : base(kernel.Vfs, "proc", Magic.PROC_SUPER_MAGIC)
    {
        Kernel = kernel;
        Net = new StaticDirectory(this);
        NetworkFiles.Fill(Net, this);
        Root = new RootDirectory(this);
        Objects = kernel.Vfs.CreateInternalMount(this); // asks for the root
        kernel.NumberFreed += Forget;
    }

    /// <summary>The kernel it shows.</summary>
    internal Kernel.Kernel Kernel { get; }

    /// <inheritdoc/>
    public override Inode Root { get; }

    /// <inheritdoc/>
    public override bool NeedsRevalidation => true;

    /// <inheritdoc/>
    public override bool CachesNegative => false;

    /// <inheritdoc/>
    public override bool ForgetsNames => true;

    /// <summary>The mount of what has no path: pipes, sockets, namespaces.</summary>
    internal Mount Objects { get; }

    /// <summary>/proc/PID/net of every process.</summary>
    internal StaticDirectory Net { get; }

    /// <inheritdoc/>
    public override bool Revalidate(ICaller caller, Dentry dentry) => dentry.Inode is not ISubjectNode node || (node.IsCurrent && (node is not SubjectDirectory directory || Jail.Of(caller, Kernel).Sees(directory.Subject.Process)));

    /// <summary>
    /// Names of who is gone: cached ones would keep the process, its files and its jail in memory until somebody lists them (Linux's
    /// proc_flush_pid does the same).
    /// </summary>
    private void Forget(Process process, int number)
    {
        Span<char> name = stackalloc char[10];
        ForgetIn(RootDentry, name, number);
        if (number != process.Pid && Cached(RootDentry, name, process.Pid)?.FindCached("task") is { } tasks)
        {
            ForgetIn(tasks, name, number);
        }
    }

    private static void ForgetIn(Dentry directory, Span<char> name, int number)
    {
        // A number that is somebody else's already is theirs.
        if (Cached(directory, name, number) is { Inode: SubjectDirectory { IsCurrent: false } } gone)
        {
            gone.Forget();
        }
    }

    private static Dentry? Cached(Dentry directory, Span<char> name, int number)
        => number.TryFormat(name, out var length, default, CultureInfo.InvariantCulture) ? directory.FindCached(name[..length]) : null;
}
