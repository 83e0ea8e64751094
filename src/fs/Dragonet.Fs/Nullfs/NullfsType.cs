using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Nullfs;

/// <summary>nullfs, as in the BSDs: a directory shown in another place, with a device number of its own. The same dentries serve
/// both places, so that there is nothing to keep in step. What is read-only or without programs there is so here (mount_null(8)).</summary>
[FileSystem("null")]
public sealed class NullfsType : FileSystemType
{
    /// <inheritdoc/>
    public override string Name => "null";

    /// <inheritdoc/>
    public override Result<MountSource> Mount(MountRequest request)
        => request.Resolve(request.Source).Ok(out var place, out var error)
            ? new MountSource(place.Mount.FileSystem, place.Dentry, request.Vfs.AllocateDevice()) { Inherited = place.Mount.Flags & (MountFlags.MS_RDONLY | MountFlags.MS_NOEXEC) }
            : error;
}
