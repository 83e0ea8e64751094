using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>Directories: merged look-ups and listings, new names. The VFS holds the directory's lock over every change.</summary>
internal sealed partial class OverlayInode
{
    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        Inode? upper = null;
        if (_upper is { } upperDirectory)
        {
            var found = upperDirectory.Lookup(caller, name);
            if (found.IsOk)
            {
                upper = found.Value;
                if (Overlay.Marks.IsWhiteout(upper))
                {
                    return Errno.ENOENT;
                }
            }
            else if (found.Error != Errno.ENOENT)
            {
                return found.Error;
            }
        }

        var place = new OverlayPlace(this, name);
        if (upper is not null && !upper.IsDirectory)
        {
            return FromUpper(upper, place);
        }

        var lowerPath = LowerPath + "/" + name;
        if (upper is not null)
        {
            if (Overlay.Marks.IsOpaque(upper))
            {
                return new OverlayInode(Overlay, upper, [], "", place);
            }

            if (Overlay.Marks.GetRedirect(upper) is { } redirect)
            {
                return new OverlayInode(Overlay, upper, Overlay.ResolveLower(caller, redirect), redirect, place);
            }
        }

        if (!LowerLookup(caller, name, upper is not null).Ok(out var lowers, out var error))
        {
            return error;
        }

        if (upper is null && lowers.Length == 0)
        {
            return Errno.ENOENT;
        }

        if (lowers.Length != 0 && !lowers[0].IsDirectory && lowers[0].GetAttributes() is { IsOk: true, Value.Links: > 1 })
        {
            return Overlay.Shared(lowers[0], () => new OverlayInode(Overlay, null, lowers, "", place));
        }

        return new OverlayInode(Overlay, upper, lowers, lowerPath, place);
    }

    /// <inheritdoc/>
    public override Result<Inode> Create(ICaller caller, string name, in NewNode node)
    {
        var made = node;
        return Make(caller, name, node, (directory, at) => directory.Create(caller, at, made));
    }

    /// <inheritdoc/>
    public override Result<Inode> MakeDirectory(ICaller caller, string name, in NewNode node)
    {
        var made = node;
        return Make(caller, name, node, (directory, at) => directory.MakeDirectory(caller, at, made));
    }

    /// <inheritdoc/>
    public override Result<Inode> MakeSymbolicLink(ICaller caller, string name, string target, in NewNode node)
    {
        var made = node;
        return Make(caller, name, node, (directory, at) => directory.MakeSymbolicLink(caller, at, target, made));
    }

    /// <inheritdoc/>
    public override Result<Inode> MakeNode(ICaller caller, string name, in NewNode node)
    {
        // A 0:0 character device is a whiteout.
        if ((node.Mode & StatMode.S_IFMT) == StatMode.S_IFCHR && node.Device == 0)
        {
            return Errno.EPERM;
        }

        var made = node;
        return Make(caller, name, node, (directory, at) => directory.MakeNode(caller, at, made));
    }

    /// <inheritdoc/>
    public override Result<Inode> CreateTemporary(ICaller caller, in NewNode node)
    {
        var error = CopyUp(caller, withData: true);
        if (error != Errno.OK)
        {
            return error;
        }

        return _upper!.CreateTemporary(caller, node).Ok(out var made, out error) ? Born(caller, made, node, null) : error;
    }

    /// <inheritdoc/>
    public override Errno Link(ICaller caller, string name, Inode target)
    {
        var source = (OverlayInode)target;
        var error = CopyUp(caller, withData: true);
        if (error == Errno.OK)
        {
            error = source.CopyUp(caller, withData: true);
        }

        if (error != Errno.OK)
        {
            return error;
        }

        var upper = _upper!;
        if (upper.Lookup(caller, name).Ok(out var whiteout))
        {
            var work = Overlay.Work!;
            var temporary = Overlay.NextTemporary();
            error = work.Link(caller, temporary, source._upper!);
            if (error == Errno.OK)
            {
                error = work.Rename(caller, temporary, source._upper!, upper, name, whiteout, RenameFlags.None);
            }
        }
        else
        {
            error = upper.Link(caller, name, source._upper!);
        }

        if (error == Errno.OK)
        {
            _ = Interlocked.Increment(ref source._links);
            source._place ??= new OverlayPlace(this, name);
            Overlay.Remember(source._upper!, source);
        }

        return error;
    }

    /// <inheritdoc/>
    public override Errno ReadDirectory(ICaller caller, DirectoryCursor cursor, IDirectorySink sink)
    {
        var upper = _upper;
        if (upper is null && _lowers.Length == 1)
        {
            return _lowers[0].ReadDirectory(caller, cursor, sink);
        }

        if (cursor.State is not IReadOnlyList<(string Name, ulong Number, byte Type)> list)
        {
            cursor.State = list = Merge(caller);
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

    /// <summary>The visible names, each once, the topmost layer's.</summary>
    private List<(string Name, ulong Number, byte Type)> Merge(ICaller caller)
    {
        var list = new List<(string, ulong, byte)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        if (_upper is { } upper)
        {
            foreach (var (name, number, type) in OverlayListing.Names(upper, caller))
            {
                _ = seen.Add(name);
                var suspect = type == DirectoryType.DT_CHR || (type == DirectoryType.DT_REG && Overlay.Marks.HasHiddenWhiteouts);
                if (!suspect || !upper.Lookup(caller, name).Ok(out var inode) || !Overlay.Marks.IsWhiteout(inode))
                {
                    list.Add((name, number + UpperNumbers, type));
                }
            }
        }

        foreach (var lower in _lowers)
        {
            foreach (var (name, number, type) in OverlayListing.Names(lower, caller))
            {
                if (!seen.Add(name))
                {
                    continue;
                }

                if (type != DirectoryType.DT_CHR || !lower.Lookup(caller, name).Ok(out var inode) || !Overlay.Marks.IsWhiteout(inode))
                {
                    list.Add((name, number, type));
                }
            }
        }

        return list;
    }

    /// <summary>What the lower layers have under a name: directories that merge, or one file.</summary>
    /// <param name="directoriesOnly">Only directories count (an upper directory is above).</param>
    private Result<Inode[]> LowerLookup(ICaller caller, string name, bool directoriesOnly)
    {
        Inode? first = null;
        List<Inode>? more = null;
        foreach (var layer in _lowers)
        {
            if (!layer.Lookup(caller, name).Ok(out var found, out var error))
            {
                if (error == Errno.ENOENT)
                {
                    continue;
                }

                return error;
            }

            if (Overlay.Marks.IsWhiteout(found))
            {
                break;
            }

            if (!found.IsDirectory)
            {
                return first is null && !directoriesOnly ? (Inode[])[found] : first is null ? [] : more is null ? [first] : [.. more];
            }

            if (first is null)
            {
                first = found;
            }
            else
            {
                more ??= [first];
                more.Add(found);
            }

            if (Overlay.Lowers.Length > 1 && Overlay.Marks.IsOpaque(found))
            {
                break;
            }
        }

        return first is null ? [] : more is null ? (Inode[])[first] : [.. more];
    }

    /// <summary>True when a lower layer shows something under this name, so that removing the upper one needs a whiteout.</summary>
    private bool LowerHas(ICaller caller, string name) => LowerLookup(caller, name, directoriesOnly: false) is { IsOk: true, Value.Length: > 0 };

    private OverlayInode FromUpper(Inode upper, OverlayPlace place)
        => upper.GetAttributes() is { IsOk: true, Value.Links: > 1 }
            ? Overlay.Shared(upper, () => new OverlayInode(Overlay, upper, [], "", place))
            : new OverlayInode(Overlay, upper, [], "", place);

    private Result<Inode> Make(ICaller caller, string name, in NewNode node, Func<Inode, string, Result<Inode>> make)
    {
        var error = CopyUp(caller, withData: true);
        if (error != Errno.OK)
        {
            return error;
        }

        var upper = _upper!;
        var directory = (node.Mode & StatMode.S_IFMT) == StatMode.S_IFDIR;
        var whiteout = upper.Lookup(caller, name).Ok(out var mark) ? mark : null;
        Inode? made;
        if (whiteout is null && !(directory && LowerHas(caller, name)))
        {
            if (!make(upper, name).Ok(out made, out error))
            {
                return error;
            }
        }
        else
        {
            // Made complete beside, then moved over the whiteout.
            var work = Overlay.Work!;
            var temporary = Overlay.NextTemporary();
            if (!make(work, temporary).Ok(out made, out error))
            {
                return error;
            }

            error = directory ? Overlay.Marks.SetOpaque(made) : Errno.OK;
            if (error == Errno.OK)
            {
                error = MoveOver(caller, work, temporary, made, upper, name, whiteout);
            }

            if (error != Errno.OK)
            {
                OverlayListing.RemoveTree(caller, work, temporary, made);
                return error;
            }
        }

        return Born(caller, made, node, new OverlayPlace(this, name));
    }

    /// <summary>Moves to a name that may hold a whiteout; a directory changes places with it, since it cannot replace a file.</summary>
    private static Errno MoveOver(ICaller caller, Inode from, string name, Inode moved, Inode to, string newName, Inode? whiteout)
    {
        if (whiteout is null || !moved.IsDirectory)
        {
            return from.Rename(caller, name, moved, to, newName, whiteout, RenameFlags.None);
        }

        var error = from.Rename(caller, name, moved, to, newName, whiteout, RenameFlags.RENAME_EXCHANGE);
        return error == Errno.OK ? from.Unlink(caller, name, whiteout) : error;
    }

    private OverlayInode Born(ICaller caller, Inode made, in NewNode node, OverlayPlace? place)
    {
        var inode = new OverlayInode(Overlay, made, [], "", place);
        if (Overlay.Marks.StoresOwners)
        {
            _ = inode.StoreOwner(caller, made, new OverlayOwner(node.Uid, node.Gid, node.Mode & StatMode.S_IALLUGO));
        }

        return inode;
    }
}
