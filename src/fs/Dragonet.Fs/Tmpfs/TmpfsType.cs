using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>tmpfs(5): files in memory. The default limits are half of the guests' memory.</summary>
/// <param name="platform">Gives memory.</param>
/// <param name="memory">The guests' memory in bytes.</param>
[FileSystem("tmpfs")]
public sealed class TmpfsType(IPlatform platform, long memory) : FileSystemType
{
    /// <inheritdoc/>
    public override string Name => "tmpfs";

    /// <inheritdoc/>
    public override bool IsForUserNamespaces => true;

    /// <inheritdoc/>
    public override Result<MountSource> Mount(MountRequest request)
    {
        var who = request.Context.Caller.Credentials;
        var start = new TmpfsOptions { Size = memory / 2, Inodes = memory / 2 / 4096 };
        if (who.Namespace is not null)
        {
            start = start with { Uid = who.FsUid, Gid = who.FsGid };
        }

        return TmpfsOptions.Parse(request, start, memory).Ok(out var options, out var error)
            ? new MountSource(new TmpfsFileSystem(request.Vfs, platform, options) { Payer = (request.Jail as Jail)?.Files, Owner = who.Namespace })
            : error;
    }
}
