using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>A directory. Its entries are guarded by the file system's Names lock.</summary>
internal sealed partial class TmpfsDirectory : TmpfsInode
{
    // What Linux's tmpfs says a directory entry takes.
    private const int EntrySize = 20;

    private readonly Dictionary<string, TmpfsEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<TmpfsEntry> _order = []; // by sequence, removed ones included until there are too many
    private long _lastSequence;
    private int _removed;
    private bool _dead;

    internal TmpfsDirectory(TmpfsFileSystem owner, in NewNode node)
        : base(owner, node)
    {
    }

    private TmpfsDirectory(TmpfsFileSystem owner, TmpfsDirectory original)
        : base(owner, original)
    {
    }

    /// <inheritdoc/>
    internal override long Size => (_entries.Count + 2) * EntrySize;

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        using (Owner.Names.Enter())
        {
            return _entries.TryGetValue(name, out var entry) ? entry.Inode : Errno.ENOENT;
        }
    }

    /// <inheritdoc/>
    public override Result<Inode> Create(ICaller caller, string name, in NewNode node) => Add(name, new TmpfsRegular(Owner, node));

    /// <inheritdoc/>
    public override Result<Inode> MakeDirectory(ICaller caller, string name, in NewNode node) => Add(name, new TmpfsDirectory(Owner, node) { LinksLocked = 2 });

    /// <inheritdoc/>
    public override Result<Inode> MakeSymbolicLink(ICaller caller, string name, string target, in NewNode node) => Add(name, new TmpfsLink(Owner, node, target));

    /// <inheritdoc/>
    public override Result<Inode> MakeNode(ICaller caller, string name, in NewNode node) => Add(name, new TmpfsInode(Owner, node));

    /// <inheritdoc/>
    public override Result<Inode> CreateTemporary(ICaller caller, in NewNode node)
        => Owner.TryAddInode() ? new TmpfsRegular(Owner, node) { IsTemporary = true, LinksLocked = 0 } : Errno.ENOSPC;

    /// <inheritdoc/>
    public override Errno Link(ICaller caller, string name, Inode target)
    {
        var inode = (TmpfsInode)target;
        using (Owner.Names.Enter())
        {
            if (_dead || (inode.LinksLocked == 0 && inode is not TmpfsRegular { IsTemporary: true }))
            {
                return Errno.ENOENT;
            }

            if (_entries.ContainsKey(name))
            {
                return Errno.EEXIST;
            }

            inode.LinksLocked++;
            InsertLocked(name, inode);
        }

        inode.Changed();
        Modified();
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno Unlink(ICaller caller, string name, Inode target)
    {
        TmpfsInode inode;
        using (Owner.Names.Enter())
        {
            if (!_entries.TryGetValue(name, out var entry))
            {
                return Errno.ENOENT;
            }

            inode = entry.Inode;
            RemoveLocked(entry);
            inode.LinksLocked--;
        }

        Gone(inode);
        Modified();
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno RemoveDirectory(ICaller caller, string name, Inode target)
    {
        using (Owner.Names.Enter())
        {
            if (!_entries.TryGetValue(name, out var entry) || entry.Inode is not TmpfsDirectory directory)
            {
                return Errno.ENOENT;
            }

            if (directory._entries.Count != 0)
            {
                return Errno.ENOTEMPTY;
            }

            directory.DieLocked();
            RemoveLocked(entry);
            LinksLocked--;
        }

        Owner.DropInode();
        Modified();
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno Rename(ICaller caller, string name, Inode source, Inode newDirectory, string newName, Inode? replaced, RenameFlags flags)
    {
        var to = (TmpfsDirectory)newDirectory;
        TmpfsInode moved;
        TmpfsInode? gone = null;
        TmpfsInode? whiteout = null;
        if ((flags & RenameFlags.RENAME_WHITEOUT) != 0)
        {
            if (!Owner.TryAddInode())
            {
                return Errno.ENOSPC;
            }

            whiteout = new TmpfsInode(Owner, new NewNode(StatMode.S_IFCHR, 0, 0));
        }

        using (Owner.Names.Enter())
        {
            if (to._dead || !_entries.TryGetValue(name, out var entry))
            {
                return Errno.ENOENT;
            }

            moved = entry.Inode;
            if (to._entries.TryGetValue(newName, out var other))
            {
                if ((flags & RenameFlags.RENAME_EXCHANGE) != 0)
                {
                    (entry.Inode, other.Inode) = (other.Inode, entry.Inode);
                    MoveLinkLocked(moved, this, to);
                    MoveLinkLocked(entry.Inode, to, this);
                }
                else
                {
                    gone = other.Inode;
                    if (gone is TmpfsDirectory directory)
                    {
                        if (directory._entries.Count != 0)
                        {
                            return Errno.ENOTEMPTY;
                        }

                        directory.DieLocked();
                        to.LinksLocked--;
                        Owner.DropInode();
                    }
                    else
                    {
                        gone.LinksLocked--;
                    }

                    other.Inode = moved;
                    ReplaceOrRemoveLocked(entry, whiteout);
                    MoveLinkLocked(moved, this, to);
                }
            }
            else
            {
                ReplaceOrRemoveLocked(entry, whiteout);
                to.InsertLocked(newName, moved);
                MoveLinkLocked(moved, this, to);
            }
        }

        if (gone is not null)
        {
            Gone(gone);
        }

        moved.Changed();
        Modified();
        to.Modified();
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno ReadDirectory(ICaller caller, DirectoryCursor cursor, IDirectorySink sink)
    {
        using (Owner.Names.Enter())
        {
            for (var i = FindLocked(cursor.Position); i < _order.Count; i++)
            {
                var entry = _order[i];
                if (entry.IsRemoved)
                {
                    continue;
                }

                if (!sink.Add(entry.Name, entry.Inode.Number, entry.Sequence + 1, DirectoryType.FromMode(entry.Inode.Mode)))
                {
                    break;
                }

                cursor.Position = entry.Sequence + 1;
            }
        }

        return Errno.OK;
    }

    private Result<Inode> Add(string name, TmpfsInode inode)
    {
        if (!Owner.TryAddInode())
        {
            return Errno.ENOSPC;
        }

        var error = Errno.OK;
        using (Owner.Names.Enter())
        {
            if (_dead)
            {
                error = Errno.ENOENT;
            }
            else if (_entries.ContainsKey(name))
            {
                error = Errno.EEXIST;
            }
            else
            {
                InsertLocked(name, inode);
                if (inode is TmpfsDirectory)
                {
                    LinksLocked++;
                }
            }
        }

        if (error != Errno.OK)
        {
            Owner.DropInode();
            return error;
        }

        Modified();
        return inode;
    }

    private void Gone(TmpfsInode inode)
    {
        inode.Changed();
        if (inode is TmpfsRegular)
        {
            inode.FreeIfUnused();
        }
        else if (inode is not TmpfsDirectory && inode.LinksLocked == 0)
        {
            Owner.DropInode();
        }
    }

    private static void MoveLinkLocked(TmpfsInode moved, TmpfsDirectory from, TmpfsDirectory to)
    {
        if (moved is TmpfsDirectory)
        {
            from.LinksLocked--;
            to.LinksLocked++;
        }
    }

    private void DieLocked()
    {
        _dead = true;
        LinksLocked = 0;
    }

    private void InsertLocked(string name, TmpfsInode inode)
    {
        var entry = new TmpfsEntry(name, inode, _lastSequence++);
        _entries.Add(name, entry);
        _order.Add(entry);
    }

    private void ReplaceOrRemoveLocked(TmpfsEntry entry, TmpfsInode? whiteout)
    {
        if (whiteout is null)
        {
            RemoveLocked(entry);
        }
        else
        {
            entry.Inode = whiteout;
        }
    }

    private void RemoveLocked(TmpfsEntry entry)
    {
        _ = _entries.Remove(entry.Name);
        entry.IsRemoved = true;
        if (++_removed > 32 && _removed > _order.Count / 2)
        {
            _ = _order.RemoveAll(e => e.IsRemoved);
            _removed = 0;
        }
    }

    /// <summary>Index of the first entry whose sequence is not below the position.</summary>
    private int FindLocked(long position)
    {
        int low = 0, high = _order.Count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_order[middle].Sequence < position)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
