using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Hostfs;

/// <summary>A directory of the host. Its descriptor is opened when it is needed, kept for a while, and opened again by way of the parents.</summary>
internal sealed class HostfsDirectory : HostfsInode, IHandleOwner
{
    private readonly bool _keep;
    private SharedHandle? _handle;
    private int _used;

    internal HostfsDirectory(HostfsFileSystem owner, in HostAttributes attributes, HostfsDirectory? parent, string name, IHostDirectory? handle)
        : base(owner, attributes, parent, name)
    {
        if (handle is not null)
        {
            _handle = new SharedHandle(handle);
            _keep = true;
        }
    }

    /// <summary>The open directory; to be released.</summary>
    internal Result<SharedHandle> Hold()
    {
        Volatile.Write(ref _used, 1);
        while (true)
        {
            if (Volatile.Read(ref _handle) is { } known)
            {
                if (known.TryHold())
                {
                    return known;
                }

                _ = Interlocked.CompareExchange(ref _handle, null, known);
                continue;
            }

            if (Place is not { } place)
            {
                return Errno.EIO;
            }

            if (!place.Parent.Hold().Ok(out var parent, out var error))
            {
                return error;
            }

            var opened = parent.Directory.OpenDirectory(place.Name);
            parent.Release();
            if (!opened.Ok(out var directory, out error))
            {
                return error == Errno.ENOTDIR || error == Errno.ELOOP ? Errno.ENOENT : error;
            }

            error = directory.GetAttributes("", out var attributes);
            if (error != Errno.OK || attributes.Number != Number || attributes.Device != HostDevice)
            {
                directory.Dispose();
                return error != Errno.OK ? error : Errno.ENOENT;
            }

            var made = new SharedHandle(directory);
            _ = made.TryHold();
            if (Interlocked.CompareExchange(ref _handle, made, null) is null)
            {
                Owner.Handles.Add(this);
                return made;
            }

            made.Release();
            made.Release();
        }
    }

    /// <inheritdoc/>
    public bool TakeUsed() => Interlocked.Exchange(ref _used, 0) != 0;

    /// <inheritdoc/>
    public void DropHandle()
    {
        if (!_keep)
        {
            Interlocked.Exchange(ref _handle, null)?.Release();
        }
    }

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        if (IsSecret)
        {
            return Errno.EACCES;
        }

        if (!Hold().Ok(out var handle, out var error))
        {
            return error;
        }

        error = handle.Directory.GetAttributes(name, out var attributes);
        handle.Release();
        return error == Errno.OK ? Owner.Get(attributes, this, name) : error == Errno.EINVAL ? Errno.ENOENT : error;
    }

    /// <inheritdoc/>
    public override Result<Inode> Create(ICaller caller, string name, in NewNode node)
    {
        var permissions = node.Mode & StatMode.S_IALLUGO;
        IHostFile? file = null;
        var made = Make(name, node, directory =>
        {
            var opened = directory.OpenFile(name, HostOpenMode.Read | HostOpenMode.Write | HostOpenMode.CreateNew, permissions);
            file = opened.IsOk ? opened.Value : null;
            return opened.Error;
        });
        if (made is { IsOk: true, Value: HostfsRegular regular } && file is not null)
        {
            // The descriptor that created it serves the open that follows, whatever its mode bits.
            regular.Keep(file);
        }
        else
        {
            file?.Dispose();
        }

        return made;
    }

    /// <inheritdoc/>
    public override Result<Inode> MakeDirectory(ICaller caller, string name, in NewNode node)
    {
        var permissions = node.Mode & StatMode.S_IALLUGO;
        return Make(name, node, directory => directory.MakeDirectory(name, permissions));
    }

    /// <inheritdoc/>
    public override Result<Inode> MakeSymbolicLink(ICaller caller, string name, string target, in NewNode node)
        => Make(name, node, directory => directory.MakeSymbolicLink(name, target));

    /// <inheritdoc/>
    public override Result<Inode> MakeNode(ICaller caller, string name, in NewNode node)
    {
        var mode = node.Mode;
        return Make(name, node, directory => directory.MakeNode(name, mode));
    }

    /// <inheritdoc/>
    public override Errno Link(ICaller caller, string name, Inode target)
    {
        var source = (HostfsInode)target;
        var error = Both(source.Place?.Parent ?? this, (from, to) => from.Link(source.Name, to, name));
        source.Invalidate();
        Invalidate();
        return error;
    }

    /// <inheritdoc/>
    public override Errno Unlink(ICaller caller, string name, Inode target) => Remove(name, (HostfsInode)target, directory: false);

    /// <inheritdoc/>
    public override Errno RemoveDirectory(ICaller caller, string name, Inode target) => Remove(name, (HostfsInode)target, directory: true);

    /// <inheritdoc/>
    public override Errno Rename(ICaller caller, string name, Inode source, Inode newDirectory, string newName, Inode? replaced, RenameFlags flags)
    {
        if (Owner.IsReadOnly)
        {
            return Errno.EROFS;
        }

        var to = (HostfsDirectory)newDirectory;
        (replaced as HostfsRegular)?.KeepAlive();
        if (!Hold().Ok(out var from, out var error))
        {
            return error;
        }

        if (!to.Hold().Ok(out var into, out error))
        {
            from.Release();
            return error;
        }

        // A whiteout needs a device node, which the host would refuse.
        error = (flags & RenameFlags.RENAME_WHITEOUT) != 0 ? Errno.EINVAL : from.Directory.Rename(name, into.Directory, newName, flags);
        into.Release();
        from.Release();
        if (error != Errno.OK)
        {
            return error;
        }

        ((HostfsInode)source).Moved(to, newName);
        if ((flags & RenameFlags.RENAME_EXCHANGE) != 0)
        {
            (replaced as HostfsInode)?.Moved(this, name);
        }

        ((HostfsInode)source).Invalidate();
        (replaced as HostfsInode)?.Invalidate();
        Invalidate();
        to.Invalidate();
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno ReadDirectory(ICaller caller, DirectoryCursor cursor, IDirectorySink sink)
    {
        if (IsSecret)
        {
            return Errno.EACCES;
        }

        if (cursor.State is not IReadOnlyList<HostEntry> list)
        {
            if (!Hold().Ok(out var handle, out var error))
            {
                return error;
            }

            var listed = handle.Directory.List();
            handle.Release();
            if (!listed.Ok(out list!, out error))
            {
                return error;
            }

            cursor.State = list;
        }

        for (var i = (int)Math.Min(cursor.Position, list.Count); i < list.Count; i++)
        {
            if (!sink.Add(list[i].Name, list[i].Number, i + 1, list[i].Type))
            {
                break;
            }

            cursor.Position = i + 1;
        }

        return Errno.OK;
    }

    private Result<Inode> Make(string name, in NewNode node, Func<IHostDirectory, Errno> make)
    {
        if (Owner.IsReadOnly)
        {
            return Errno.EROFS;
        }

        if (!Hold().Ok(out var handle, out var error))
        {
            return error;
        }

        var directory = handle.Directory;
        HostAttributes attributes = default;
        error = make(directory);
        if (error == Errno.OK)
        {
            error = directory.GetAttributes(name, out attributes);
        }

        if (error == Errno.OK)
        {
            var changed = Finish(directory, name, node, attributes);
            if (changed)
            {
                error = directory.GetAttributes(name, out attributes);
            }
        }

        handle.Release();
        Invalidate();
        return error == Errno.OK ? Owner.Get(attributes, this, name) : error;
    }

    /// <summary>Owner and mode as the guest asked for, where the host allows it: its umask and its own user came first.</summary>
    private bool Finish(IHostDirectory directory, string name, in NewNode node, in HostAttributes attributes)
    {
        var changed = false;
        var (uid, gid) = (HostUid(node.Uid), HostGid(node.Gid));
        if (attributes.Uid != uid || attributes.Gid != gid)
        {
            changed = directory.SetOwner(name, uid, gid) == Errno.OK;
        }

        if ((attributes.Mode & StatMode.S_IFMT) != StatMode.S_IFLNK && ((attributes.Mode ^ node.Mode) & StatMode.S_IALLUGO) != 0)
        {
            changed |= directory.SetMode(name, node.Mode & StatMode.S_IALLUGO) == Errno.OK;
        }

        return changed;
    }

    private Errno Remove(string name, HostfsInode target, bool directory)
    {
        if (Owner.IsReadOnly)
        {
            return Errno.EROFS;
        }

        (target as HostfsRegular)?.KeepAlive();
        if (!Hold().Ok(out var handle, out var error))
        {
            return error;
        }

        error = handle.Directory.Remove(name, directory);
        handle.Release();
        target.Invalidate();
        Invalidate();
        return error;
    }

    private Errno Both(HostfsDirectory source, Func<IHostDirectory, IHostDirectory, Errno> action)
    {
        if (Owner.IsReadOnly)
        {
            return Errno.EROFS;
        }

        if (!source.Hold().Ok(out var from, out var error))
        {
            return error;
        }

        if (!Hold().Ok(out var to, out error))
        {
            from.Release();
            return error;
        }

        error = action(from.Directory, to.Directory);
        to.Release();
        from.Release();
        return error;
    }
}
