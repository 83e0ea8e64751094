using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Hostfs;

/// <summary>hostfs for mount(2): guests cannot name host directories, so it is listed and always refused; the composition root mounts
/// <see cref="HostfsFileSystem"/> itself.</summary>
[FileSystem("hostfs")]
public sealed class HostfsType : FileSystemType
{
    /// <inheritdoc/>
    public override string Name => "hostfs";

    /// <inheritdoc/>
    public override Result<MountSource> Mount(MountRequest request) => Abi.Errno.EPERM;
}
