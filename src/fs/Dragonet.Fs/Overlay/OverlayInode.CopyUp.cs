using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>Copying a lower file to the upper layer before its first change.</summary>
internal sealed partial class OverlayInode
{
    private const int Chunk = 256 * 1024;

    /// <summary>Makes sure that there is an upper file. Data, attributes and extended attributes are complete before the name appears.</summary>
    /// <param name="withData">False when the data is about to be truncated.</param>
    internal Errno CopyUp(ICaller caller, bool withData)
    {
        if (_upper is not null)
        {
            return Errno.OK;
        }

        if (Overlay.Work is not { } work)
        {
            return Errno.EROFS;
        }

        var orphan = !IsDirectory && Volatile.Read(ref _links) <= 0;
        var place = _place;
        if (place is null && !orphan)
        {
            return Errno.EROFS;
        }

        if (!orphan && place!.Parent.CopyUp(caller, withData: true) is not Errno.OK and var above)
        {
            return above;
        }

        using (_lock.Enter())
        {
            if (_upper is not null)
            {
                return Errno.OK;
            }

            var temporary = Overlay.NextTemporary();
            var lower = _lowers[0];
            if (!MakeCopy(work, temporary, lower).Ok(out var copy, out var error))
            {
                return error;
            }

            error = Fill(lower, copy, withData);
            if (error == Errno.OK && (orphan || Volatile.Read(ref _links) > 1) && copy.IsRegular)
            {
                // Other names lead here, or none: an open file keeps the copy when its name goes.
                var opened = copy.Open(OverlayCaller.Instance, LayerPath(copy), OpenFlags.O_RDONLY);
                _pin = opened.IsOk ? opened.Value : null;
            }

            if (error == Errno.OK)
            {
                error = orphan ? work.Unlink(OverlayCaller.Instance, temporary, copy)
                    : work.Rename(OverlayCaller.Instance, temporary, copy, place!.Parent.Upper!, place.Name, null, RenameFlags.None);
            }

            if (error != Errno.OK)
            {
                OverlayListing.RemoveTree(OverlayCaller.Instance, work, temporary, copy);
                return error;
            }

            _owner = Overlay.Marks.GetOwner(copy);
            _upper = copy;
            if (Volatile.Read(ref _links) > 1)
            {
                Overlay.Remember(copy, this);
            }

            return Errno.OK;
        }
    }

    /// <summary>Keeps owner and permissions of an upper file that its file system cannot keep.</summary>
    internal Errno StoreOwner(ICaller caller, Inode upper, OverlayOwner owner)
    {
        var error = Overlay.Marks.SetOwner(upper, owner);
        if (error == Errno.EOPNOTSUPP || error == Errno.EPERM)
        {
            // Links and special files take no attributes on the host: they stay as the host shows them.
            error = Errno.OK;
        }

        if (error == Errno.OK)
        {
            _owner = owner;
            if (upper.IsRegular || upper.IsDirectory)
            {
                // Whatever the guest sees, the kernel itself must be able to use the file.
                var needed = upper.IsDirectory ? 0x1C0u : 0x180u;
                _ = upper.SetAttributes(caller, new AttributeChange { Mask = AttributeMask.Mode, Mode = (owner.Permissions & StatMode.S_IRWXUGO) | needed });
            }
        }

        return error;
    }

    private static Result<Inode> MakeCopy(Inode work, string name, Inode lower)
    {
        var caller = OverlayCaller.Instance;
        var type = lower.Type;
        var node = new NewNode(lower.Mode, lower.Uid, lower.Gid, lower.RawDevice);
        switch (type)
        {
            case StatMode.S_IFDIR:
                return work.MakeDirectory(caller, name, node);
            case StatMode.S_IFREG:
                return work.Create(caller, name, node);
            case StatMode.S_IFLNK:
                return lower.ReadLink(caller).Ok(out var target, out var error) ? work.MakeSymbolicLink(caller, name, target, node) : error;
            default:
                return work.MakeNode(caller, name, node);
        }
    }

    private Errno Fill(Inode lower, Inode copy, bool withData)
    {
        var caller = OverlayCaller.Instance;
        if (!lower.GetAttributes().Ok(out var attributes, out var error))
        {
            return error;
        }

        if (withData && lower.IsRegular && attributes.Size != 0 && (error = CopyData(lower, copy, attributes.Size)) != Errno.OK)
        {
            return error;
        }

        if (lower.ListXattr().Ok(out var names))
        {
            foreach (var name in names)
            {
                if (!Overlay.Marks.IsOwn(name) && lower.GetXattr(name).Ok(out var value))
                {
                    error = copy.SetXattr(name, value, 0);
                    if (error is not (Errno.OK or Errno.EOPNOTSUPP or Errno.EPERM))
                    {
                        return error;
                    }
                }
            }
        }

        if (Overlay.Marks.StoresOwners)
        {
            error = StoreOwner(caller, copy, new OverlayOwner(lower.Uid, lower.Gid, lower.Mode & StatMode.S_IALLUGO));
            if (error != Errno.OK)
            {
                return error;
            }
        }

        return copy.SetAttributes(caller, new AttributeChange
        {
            Mask = AttributeMask.AccessTime | AttributeMask.ModifyTime,
            AccessTime = attributes.AccessTime,
            ModifyTime = attributes.ModifyTime,
        });
    }

    private Errno CopyData(Inode lower, Inode copy, long size)
    {
        var caller = OverlayCaller.Instance;
        if (!lower.Open(caller, LayerPath(lower), OpenFlags.O_RDONLY).Ok(out var from, out var error))
        {
            return error;
        }

        if (!copy.Open(caller, LayerPath(copy), OpenFlags.O_RDWR).Ok(out var to, out error))
        {
            from.Release();
            return error;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        for (long at = 0; at < size && error == Errno.OK;)
        {
            var read = from.ReadAt(caller, buffer.AsSpan(0, (int)Math.Min(Chunk, size - at)), at);
            if (!read.Ok(out var count, out error) || count == 0)
            {
                break;
            }

            // Holes stay holes.
            if (buffer.AsSpan(0, count).ContainsAnyExcept((byte)0))
            {
                for (var done = 0; done < count && error == Errno.OK;)
                {
                    var written = to.WriteAt(caller, buffer.AsSpan(done, count - done), at + done);
                    error = written.Error;
                    done += written.IsOk ? written.Value : 0;
                }
            }

            at += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (error == Errno.OK)
        {
            error = copy.SetAttributes(caller, new AttributeChange { Mask = AttributeMask.Size, Size = size });
        }

        to.Release();
        from.Release();
        return error;
    }
}
