using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>Removing and renaming.</summary>
internal sealed partial class OverlayInode
{
    /// <inheritdoc/>
    public override Errno Unlink(ICaller caller, string name, Inode target)
    {
        var error = Hide(caller, name);
        if (error == Errno.OK)
        {
            _ = Interlocked.Decrement(ref ((OverlayInode)target)._links);
        }

        return error;
    }

    /// <inheritdoc/>
    public override Errno RemoveDirectory(ICaller caller, string name, Inode target)
    {
        var directory = (OverlayInode)target;
        return directory.Merge(caller).Count != 0 ? Errno.ENOTEMPTY : Hide(caller, name);
    }

    /// <inheritdoc/>
    public override Errno Rename(ICaller caller, string name, Inode source, Inode newDirectory, string newName, Inode? replaced, RenameFlags flags)
    {
        if ((flags & RenameFlags.RENAME_WHITEOUT) != 0)
        {
            return Errno.EINVAL;
        }

        var moved = (OverlayInode)source;
        var to = (OverlayInode)newDirectory;
        var other = (OverlayInode?)replaced;
        var exchange = (flags & RenameFlags.RENAME_EXCHANGE) != 0;
        if (!exchange && other is { IsDirectory: true } && other.Merge(caller).Count != 0)
        {
            return Errno.ENOTEMPTY;
        }

        Errno error;
        if ((error = CopyUp(caller, true)) != Errno.OK || (error = to.CopyUp(caller, true)) != Errno.OK
            || (error = moved.CopyUp(caller, true)) != Errno.OK || (exchange && (error = other!.CopyUp(caller, true)) != Errno.OK)
            || (error = to.PrepareMoved(caller, moved, newName)) != Errno.OK || (exchange && (error = PrepareMoved(caller, other!, name)) != Errno.OK))
        {
            return error;
        }

        // A file with several names may have its copy under another one.
        if (!_upper!.Lookup(caller, name).Ok(out var here) || !ReferenceEquals(here, moved._upper))
        {
            error = _upper.Link(caller, name, moved._upper!);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        error = exchange ? _upper.Rename(caller, name, moved._upper!, to._upper!, newName, other!._upper, flags) : Replace(caller, name, moved, to, newName);
        if (error != Errno.OK)
        {
            return error;
        }

        moved._place = new OverlayPlace(to, newName);
        if (exchange)
        {
            other!._place = new OverlayPlace(this, name);
            return Errno.OK;
        }

        if (other is not null)
        {
            _ = Interlocked.Decrement(ref other._links);
        }

        // What a lower layer has under the old name must not come back.
        return LowerHas(caller, name) ? Overlay.Marks.MakeWhiteout(caller, _upper, name).Error : Errno.OK;
    }

    /// <summary>Moves over whatever the upper layer has under the new name: a file, a whiteout, a directory with nothing but whiteouts in it.</summary>
    private Errno Replace(ICaller caller, string name, OverlayInode moved, OverlayInode to, string newName)
    {
        var upper = to._upper!;
        if (!upper.Lookup(caller, newName).Ok(out var there))
        {
            return _upper!.Rename(caller, name, moved._upper!, upper, newName, null, RenameFlags.None);
        }

        if (there.IsDirectory)
        {
            Empty(caller, there);
            return _upper!.Rename(caller, name, moved._upper!, upper, newName, there, RenameFlags.None);
        }

        return MoveOver(caller, _upper!, name, moved._upper!, upper, newName, there);
    }

    /// <summary>A directory that comes here under a name must go on to show its own lower directories, and no others.</summary>
    private Errno PrepareMoved(ICaller caller, OverlayInode moved, string newName)
    {
        if (!moved.IsDirectory)
        {
            return Errno.OK;
        }

        if (moved._lowers.Length != 0)
        {
            return Overlay.Marks.SetRedirect(moved._upper!, moved.LowerPath);
        }

        return LowerHas(caller, newName) ? Overlay.Marks.SetOpaque(moved._upper!) : Errno.OK;
    }

    /// <summary>Removes what the upper layer has under a name, and puts a whiteout where a lower layer has something.</summary>
    private Errno Hide(ICaller caller, string name)
    {
        if (Overlay.Work is not { } work)
        {
            return Errno.EROFS;
        }

        var covers = LowerHas(caller, name);
        if (covers && CopyUp(caller, withData: true) is not Errno.OK and var error)
        {
            return error;
        }

        var upper = _upper!;
        var present = upper.Lookup(caller, name).Ok(out var there);
        if (!covers)
        {
            if (!present)
            {
                return Errno.ENOENT;
            }

            if (!there!.IsDirectory)
            {
                return upper.Unlink(caller, name, there);
            }

            Empty(caller, there);
            return upper.RemoveDirectory(caller, name, there);
        }

        if (!present)
        {
            return Overlay.Marks.MakeWhiteout(caller, upper, name).Error;
        }

        var temporary = Overlay.NextTemporary();
        if (!Overlay.Marks.MakeWhiteout(caller, work, temporary).Ok(out var whiteout, out error))
        {
            return error;
        }

        if (!there!.IsDirectory)
        {
            error = work.Rename(caller, temporary, whiteout, upper, name, there, RenameFlags.None);
            if (error != Errno.OK)
            {
                _ = work.Unlink(caller, temporary, whiteout);
            }

            return error;
        }

        error = work.Rename(caller, temporary, whiteout, upper, name, there, RenameFlags.RENAME_EXCHANGE);
        OverlayListing.RemoveTree(caller, work, temporary, error == Errno.OK ? there : whiteout);
        return error;
    }

    /// <summary>Removes the whiteouts of an upper directory that shows nothing.</summary>
    private static void Empty(ICaller caller, Inode directory)
    {
        foreach (var (name, _, _) in OverlayListing.Names(directory, caller))
        {
            if (directory.Lookup(caller, name).Ok(out var left))
            {
                OverlayListing.RemoveTree(caller, directory, name, left);
            }
        }
    }
}
