using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>proc(5). Every mount shows the same file system.</summary>
[FileSystem("proc")]
public sealed class ProcfsType(Kernel.Kernel kernel) : FileSystemType
{
    private readonly Lock _lock = new();
    private ProcfsFileSystem? _instance; // guarded by _lock

    /// <inheritdoc/>
    public override string Name => "proc";

    /// <inheritdoc/>
    public override Result<MountSource> Mount(MountRequest request)
    {
        lock (_lock)
        {
            return new MountSource(_instance ??= new ProcfsFileSystem(kernel));
        }
    }
}
