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
}
