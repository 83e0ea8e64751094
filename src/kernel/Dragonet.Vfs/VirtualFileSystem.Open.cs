using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>Opening files (open(2)).</summary>
public sealed partial class VirtualFileSystem
{
    private const int MostWalks = 16;

    /// <summary>Opens or creates. The result may be a <see cref="PendingOpen"/> that must be waited for.</summary>
    public Result<OpenFile> Open(in WalkContext context, string path, in OpenRequest request)
    {
        var result = OpenOnce(context, path, request);
        for (var walks = 1; result.Error == Errno.ESTALE; walks++)
        {
            // The file went between the walk and the opening. A rename(2) may be putting another in its place, which must be found.
            if (walks == MostWalks)
            {
                return Errno.ENOENT;
            }

            result = OpenOnce(context, path, request with { Walk = request.Walk | WalkFlags.Settled });
        }

        return result;
    }

    /// <summary>Opens a file to execute it: read, with execute permission, a regular file on a mount without noexec (execve(2)).</summary>
    public Result<OpenFile> OpenExecutable(in WalkContext context, string path, WalkFlags flags = WalkFlags.Follow)
        => Open(context, path, new OpenRequest((flags & WalkFlags.Follow) != 0 ? OpenFlags.O_RDONLY : OpenFlags.O_NOFOLLOW, 0, flags, Execute: true));

    private Result<OpenFile> OpenOnce(in WalkContext context, string path, in OpenRequest request)
    {
        var flags = request.Flags;
        if ((flags & OpenFlags.O_PATH) != 0)
        {
            flags &= OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC;
        }

        if ((flags & OpenFlags.__O_TMPFILE) != 0)
        {
            return OpenTemporary(context, path, request);
        }

        var walkFlags = request.Walk;
        if ((flags & OpenFlags.O_NOFOLLOW) == 0)
        {
            walkFlags |= WalkFlags.Follow;
        }

        if ((flags & OpenFlags.O_DIRECTORY) != 0)
        {
            walkFlags |= WalkFlags.Directory;
        }

        var walk = new PathWalk(this, context.Caller);
        var error = walk.Start(context, path, walkFlags);
        if (error != Errno.OK)
        {
            return error;
        }

        if ((flags & OpenFlags.O_CREAT) != 0)
        {
            return OpenCreating(context.Caller, ref walk, flags, request.Mode);
        }

        error = walk.Run(parent: false);
        return error != Errno.OK ? error : request.Execute ? OpenExecutableAt(context.Caller, walk.Place) : OpenAt(context.Caller, walk.Place, flags);
    }

    /// <summary>Opens a place to execute it (execveat(2) with AT_EMPTY_PATH).</summary>
    public Result<OpenFile> OpenExecutableAt(ICaller caller, VfsPath place)
    {
        if (place.Inode.IsSymbolicLink)
        {
            return Errno.ELOOP;
        }

        if (!place.Inode.IsRegular || place.Mount.Has(MountFlags.MS_NOEXEC))
        {
            return Errno.EACCES;
        }

        var error = place.Inode.CheckAccess(caller.Credentials, Access.Execute);
        return error != Errno.OK ? error : place.Inode.HasWriters ? Errno.ETXTBSY : place.Inode.Open(caller, place, OpenFlags.O_RDONLY);
    }

    /// <summary>Opens an existing place with all checks; nothing is followed.</summary>
    public Result<OpenFile> OpenAt(ICaller caller, VfsPath place, OpenFlags flags, bool created = false)
    {
        var inode = place.Inode;
        if ((flags & OpenFlags.O_PATH) != 0)
        {
            return new PathFile(inode, place, flags);
        }

        var type = inode.Type;
        var mode = flags & OpenFlags.O_ACCMODE;
        if (type == StatMode.S_IFLNK)
        {
            return Errno.ELOOP;
        }

        if ((flags & OpenFlags.O_DIRECTORY) != 0 && type != StatMode.S_IFDIR)
        {
            return Errno.ENOTDIR;
        }

        var writes = mode != OpenFlags.O_RDONLY || (flags & OpenFlags.O_TRUNC) != 0;
        if (type == StatMode.S_IFDIR && writes)
        {
            return Errno.EISDIR;
        }

        var device = type is StatMode.S_IFCHR or StatMode.S_IFBLK;
        if (device && (place.Mount.Has(MountFlags.MS_NODEV) || place.Mount.FileSystem.Owner is not null))
        {
            return Errno.EACCES;
        }

        if (!created)
        {
            // O_ACCMODE itself (3) asks for both rights and gives neither; O_TRUNC writes.
            var access = mode switch { OpenFlags.O_RDONLY => Access.Read, OpenFlags.O_WRONLY => Access.Write, _ => Access.Read | Access.Write };
            if ((flags & OpenFlags.O_TRUNC) != 0)
            {
                access |= Access.Write;
            }

            var error = inode.CheckAccess(caller.Credentials, access);
            if (error != Errno.OK)
            {
                return error;
            }

            if (writes && type is StatMode.S_IFREG && place.Mount.IsReadOnly)
            {
                return Errno.EROFS;
            }

            if ((flags & OpenFlags.O_NOATIME) != 0 && !Permissions.IsOwner(inode, caller.Credentials))
            {
                return Errno.EPERM;
            }
        }

        // open(2), ETXTBSY: the program of a process is not written to.
        var counts = writes && type == StatMode.S_IFREG;
        if (counts && !inode.TryAddWriter())
        {
            return Errno.ETXTBSY;
        }

        var opened = inode.OpensItself ? inode.Open(caller, place, flags) : type switch
        {
            StatMode.S_IFCHR or StatMode.S_IFBLK => Devices.Open(caller, place, flags),
            StatMode.S_IFIFO => OpenFifo(caller, place, flags),
            StatMode.S_IFSOCK => Errno.ENXIO,
            _ => inode.Open(caller, place, flags),
        };
        if (counts)
        {
            if (opened.IsOk && opened.Value is VfsFile { CanWrite: true } file)
            {
                file.HoldWriter(inode);
            }
            else
            {
                inode.DropWriter();
            }
        }

        if (!opened.IsOk)
        {
            return opened;
        }

        if ((flags & OpenFlags.O_TRUNC) != 0 && type == StatMode.S_IFREG && !created)
        {
            inode.DropPrivileges(caller);
            var error = inode.SetAttributes(caller, new AttributeChange { Mask = AttributeMask.Size, Size = 0 });
            if (error != Errno.OK)
            {
                opened.Value.Release();
                return error;
            }

            Notify.File(place.Dentry, InotifyMask.IN_MODIFY);
        }

        Notify.File(place.Dentry, InotifyMask.IN_OPEN);
        return opened;
    }

    private Result<OpenFile> OpenCreating(ICaller caller, ref PathWalk walk, OpenFlags flags, uint mode)
    {
        if ((flags & OpenFlags.O_DIRECTORY) != 0)
        {
            return Errno.EINVAL;
        }

        var exclusive = (flags & OpenFlags.O_EXCL) != 0;
        while (true)
        {
            var error = walk.Run(parent: true);
            if (error != Errno.OK)
            {
                return error;
            }

            if (walk.Last != LastKind.Name)
            {
                // A magic link (/dev/stdout) leads to a file without a name to create.
                return exclusive ? Errno.EEXIST : walk.Dentry.Inode!.IsDirectory ? Errno.EISDIR : OpenAt(caller, walk.Place, flags);
            }

            if (walk.TrailingSlash)
            {
                return Errno.EISDIR;
            }

            var name = walk.LastName;
            if (!walk.Child(name).Ok(out var child, out error))
            {
                return error;
            }

            if (child.Inode is null)
            {
                var directory = walk.Place;
                using (directory.Dentry.Lock.Enter())
                {
                    if (!LookupLocked(caller, directory.Dentry, name).Ok(out child, out error))
                    {
                        return error;
                    }

                    if (child.Inode is null)
                    {
                        error = Permissions.MayCreate(caller, directory);
                        if (error != Errno.OK)
                        {
                            return error;
                        }

                        var node = Permissions.NewNodeIn(directory.Inode, caller.Credentials, StatMode.S_IFREG | (mode & StatMode.S_IALLUGO & ~caller.Umask));
                        if (!directory.Inode.Create(caller, name, node).Ok(out var inode, out error))
                        {
                            return error;
                        }

                        child.Instantiate(inode);
                        Notify.Entry(directory.Inode, name, InotifyMask.IN_CREATE, isDirectory: false);
                        return OpenAt(caller, new VfsPath(directory.Mount, child), flags & ~OpenFlags.O_TRUNC, created: true);
                    }
                }
            }

            if (exclusive)
            {
                return Errno.EEXIST;
            }

            error = walk.EnterLast(child, (flags & OpenFlags.O_NOFOLLOW) == 0);
            if (error != Errno.OK)
            {
                return error;
            }

            if (walk.HasRest)
            {
                continue;
            }

            return walk.Dentry.Inode!.IsDirectory ? Errno.EISDIR : OpenAt(caller, walk.Place, flags);
        }
    }

    private Result<OpenFile> OpenTemporary(in WalkContext context, string path, in OpenRequest request)
    {
        var flags = request.Flags;
        if ((flags & OpenFlags.O_DIRECTORY) == 0 || (flags & OpenFlags.O_ACCMODE) is OpenFlags.O_RDONLY or OpenFlags.O_ACCMODE)
        {
            return Errno.EINVAL;
        }

        if (!Lookup(context, path, request.Walk | WalkFlags.Follow | WalkFlags.Directory).Ok(out var directory, out var error))
        {
            return error;
        }

        var caller = context.Caller;
        error = Permissions.MayCreate(caller, directory);
        if (error != Errno.OK)
        {
            return error;
        }

        var node = Permissions.NewNodeIn(directory.Inode, caller.Credentials, StatMode.S_IFREG | (request.Mode & StatMode.S_IALLUGO & ~caller.Umask));
        if (!directory.Inode.CreateTemporary(caller, node).Ok(out var inode, out error))
        {
            return error;
        }

        var dentry = new Dentry(directory.Dentry.FileSystem, directory.Dentry, "#" + inode.Number, inode);
        dentry.MarkDeleted();
        var openFlags = flags & ~(OpenFlags.__O_TMPFILE | OpenFlags.O_DIRECTORY | OpenFlags.O_TRUNC);
        return OpenAt(caller, new VfsPath(directory.Mount, dentry), openFlags, created: true);
    }
}
