using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>overlay for mount(2): lowerdir=a:b,upperdir=c,workdir=d. Without upperdir it is read-only.</summary>
[FileSystem("overlay")]
public sealed class OverlayType : FileSystemType
{
    /// <inheritdoc/>
    public override string Name => "overlay";

    /// <inheritdoc/>
    public override Result<MountSource> Mount(MountRequest request)
    {
        var lowers = new List<Inode>();
        Inode? upper = null;
        Inode? work = null;
        foreach (var (key, value) in request.ParseOptions())
        {
            switch (key)
            {
                case "lowerdir":
                    foreach (var path in value.Split(':', StringSplitOptions.RemoveEmptyEntries))
                    {
                        if (!Directory(request, path).Ok(out var lower, out var missing))
                        {
                            return missing;
                        }

                        lowers.Add(lower);
                    }

                    break;
                case "upperdir" or "workdir":
                    if (!Directory(request, value).Ok(out var directory, out var error))
                    {
                        return error;
                    }

                    _ = key == "upperdir" ? upper = directory : work = directory;
                    break;
                case "index" or "metacopy" or "xino" or "redirect_dir" or "userxattr" or "volatile" or "nfs_export" or "uuid":
                    break;
                default:
                    return Errno.EINVAL;
            }
        }

        if (lowers.Count == 0 || (upper is null) != (work is null) || (upper is not null && !ReferenceEquals(upper.FileSystem, work!.FileSystem)))
        {
            return Errno.EINVAL;
        }

        return new MountSource(new OverlayFileSystem(request.Vfs, request.Context.Caller, upper, work, lowers) { OptionText = request.Options });
    }

    private static Result<Inode> Directory(MountRequest request, string path)
        => !request.Resolve(path).Ok(out var place, out var error) ? error : place.Inode.IsDirectory ? place.Inode : Errno.ENOTDIR;
}
