using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Sysfs;

/// <summary>sysfs(5), the part that programs look at: processors, and directories that are empty here.</summary>
[FileSystem("sysfs")]
public sealed class SysfsType(Kernel.Kernel kernel) : FileSystemType
{
    private readonly Lock _lock = new();
    private SysfsFileSystem? _instance; // guarded by _lock

    /// <inheritdoc/>
    public override string Name => "sysfs";

    /// <inheritdoc/>
    public override Result<MountSource> Mount(MountRequest request)
    {
        lock (_lock)
        {
            return new MountSource(_instance ??= new SysfsFileSystem(kernel));
        }
    }
}
