using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Overlay;
using Dragonet.Fs.Tmpfs;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>
/// The mounts of a new jail: its directory, what is mounted below it, and proc, sys and dev where it has directories for them. With
/// "overlay", every tree of files gets a layer in memory of its own over what stays shared.
/// </summary>
internal sealed class JailMounts(Kernel.Kernel kernel, KernelCaller caller)
{
    private static readonly (string Type, string Path, MountFlags Flags, string Options)[] s_furniture =
    [
        ("proc", "/proc", MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC, ""),
        ("sysfs", "/sys", MountFlags.MS_RDONLY | MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC, ""),
        ("devtmpfs", "/dev", MountFlags.MS_NOSUID, ""),
        ("devpts", "/dev/pts", MountFlags.MS_NOSUID | MountFlags.MS_NOEXEC, "gid=5,mode=620,ptmxmode=666"),
        ("tmpfs", "/dev/shm", MountFlags.MS_NOSUID | MountFlags.MS_NODEV, "mode=1777"),
    ];

    internal Result<MountNamespace> Make(Jail jail, VfsPath place)
    {
        if (jail.Origin is { } origin)
        {
            return Copy(jail, origin);
        }

        var above = place.Mount.Namespace!;
        var layered = jail.Has(JailParameters.Overlay);
        if (!Source(jail, place.Mount, place.Dentry, layered).Ok(out var root, out var error))
        {
            return error;
        }

        var mounts = new MountNamespace(kernel.Vfs, root, FlagsOf(place.Mount, root), place.Mount.SourceName);
        foreach (var mount in above.List())
        {
            var at = new VfsPath(mount, mount.Root);
            if (mount == place.Mount || mount.Parent is null || !VirtualFileSystem.IsReachable(at, place) || VirtualFileSystem.GetPath(at, place) is not { Length: > 1 } path)
            {
                continue;
            }

            if (s_furniture.Any(piece => piece.Path == path && piece.Type == mount.FileSystem.TypeName))
            {
                continue; // it gets its own
            }

            if (!Source(jail, mount, mount.Root, layered).Ok(out var shown, out error) || !Attach(mounts, path, shown, FlagsOf(mount, shown), mount.SourceName, out error))
            {
                mounts.Dissolve();
                return error;
            }
        }

        return Furnish(jail, mounts);
    }

    /// <summary>What another jail sees: its layers as they are at this moment, and what it shares with others.</summary>
    private Result<MountNamespace> Copy(Jail jail, Jail origin)
    {
        MountNamespace? mounts = null;
        foreach (var mount in origin.Mounts.List())
        {
            var isRoot = mount.Parent is null;
            var path = isRoot ? "/" : VirtualFileSystem.GetPath(new VfsPath(mount, mount.Root), origin.Mounts.Root);
            if (path is null || s_furniture.Any(piece => piece.Path == path) || (!isRoot && mount.Root != mount.FileSystem.RootDentry))
            {
                continue; // it gets its own; and names that programs gave to parts of their tree are theirs
            }

            var error = Errno.EINVAL;
            if (!Copy(jail, mount).Ok(out var shown, out error) || (mounts is not null && !Attach(mounts, path, shown, mount.Flags, mount.SourceName, out error)))
            {
                mounts?.Dissolve();
                return error;
            }

            mounts ??= new MountNamespace(kernel.Vfs, shown, mount.Flags, mount.SourceName);
        }

        return mounts is null ? Errno.ENOENT : Furnish(jail, mounts);
    }

    private Result<MountSource> Copy(Jail jail, Mount mount)
    {
        var layer = mount.FileSystem is OverlayFileSystem overlay ? overlay.UpperFileSystem : mount.FileSystem;
        if (layer is not TmpfsFileSystem { Payer: not null } files)
        {
            return new MountSource(mount.FileSystem, mount.Root, mount.DeviceOverride); // everybody's
        }

        if (!files.Copy(jail.Files).Ok(out var copy, out var error))
        {
            return error;
        }

        return mount.FileSystem is not OverlayFileSystem shared ? new MountSource(copy)
            : shared.Copy(caller, copy).Ok(out var made, out error) ? new MountSource(made) : error;
    }

    private Result<MountNamespace> Furnish(Jail jail, MountNamespace mounts)
    {
        if (jail.Has(JailParameters.Sparse) && Protect(mounts) is not Errno.OK and var failed)
        {
            mounts.Dissolve();
            return failed;
        }

        foreach (var (type, path, flags, options) in s_furniture)
        {
            var context = new WalkContext(caller, mounts.Root, mounts.Root);
            if (kernel.Vfs.Lookup(context, path, WalkFlags.Directory).IsOk
                && kernel.Vfs.Types.Find(type)!.Mount(new MountRequest(kernel.Vfs, context, type, flags, options) { Jail = jail }).Ok(out var made, out var error)
                && !Attach(mounts, path, made, flags, type, out error))
            {
                mounts.Dissolve();
                return error;
            }
        }

        return mounts;
    }

    /// <summary>A sparse root: directories of programs and libraries get a second name over themselves, which is read-only.</summary>
    private Errno Protect(MountNamespace mounts)
    {
        foreach (var path in RootBuilder.SystemDirectories.Where(path => path != "/etc"))
        {
            if (kernel.Vfs.Lookup(new WalkContext(caller, mounts.Root, mounts.Root), path, WalkFlags.Directory).Ok(out var place)
                && !mounts.Attach(place, new MountSource(place.Mount.FileSystem, place.Dentry), place.Mount.Flags | MountFlags.MS_RDONLY, place.Mount.SourceName).Ok(out _, out var error))
            {
                return error;
            }
        }

        return Errno.OK;
    }

    /// <summary>What was read-only below is writable in a layer over it.</summary>
    private static MountFlags FlagsOf(Mount mount, MountSource shown)
        => shown.FileSystem != mount.FileSystem && shown.FileSystem is OverlayFileSystem ? mount.Flags & ~MountFlags.MS_RDONLY : mount.Flags;

    private bool Attach(MountNamespace mounts, string path, MountSource shown, MountFlags flags, string device, out Errno error)
        => kernel.Vfs.Lookup(new WalkContext(caller, mounts.Root, mounts.Root), path, WalkFlags.Follow).Ok(out var target, out error)
            && mounts.Attach(target, shown, flags, device).Ok(out _, out error);

    /// <summary>A tree as it is, or below a layer in memory. What is no tree of files (proc, devices) is shown as it is.</summary>
    private Result<MountSource> Source(Jail jail, Mount mount, Dentry root, bool layered)
    {
        if (!layered || !FileTree.Is(mount.FileSystem) || !root.Inode!.IsDirectory)
        {
            return new MountSource(mount.FileSystem, root, mount.DeviceOverride);
        }

        var mode = root.Inode.GetAttributes().Ok(out var attributes) ? attributes.Mode & 0xfff : 0x1ed;
        var writable = new TmpfsFileSystem(kernel.Vfs, kernel.Platform, new TmpfsOptions { Size = kernel.MemoryLimit / 2, Mode = mode }) { Payer = jail.Files, Disk = jail.Files.Disk };
        return OverlayFileSystem.Create(kernel.Vfs, caller, writable.Root, [root.Inode]).Ok(out var overlay, out var error) ? new MountSource(overlay) : error;
    }
}
