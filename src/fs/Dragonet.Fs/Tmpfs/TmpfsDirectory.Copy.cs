using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Fs.Tmpfs;

/// <summary>A copy of a tree: names and attributes are copied, data is shared until it changes.</summary>
internal sealed partial class TmpfsDirectory
{
    /// <inheritdoc/>
    internal override Result<TmpfsInode> CopyLocked(TmpfsFileSystem owner) => new TmpfsDirectory(owner, this);

    /// <summary>Fills a copy of this directory with copies of everything below. The Names lock of ours is held: it is one moment's tree.
    /// Programs make trees of any depth, so this is no recursion.</summary>
    /// <param name="copy">The empty copy.</param>
    internal Errno CopyTreeLocked(TmpfsDirectory copy)
    {
        var linked = new Dictionary<TmpfsInode, TmpfsInode>(ReferenceEqualityComparer.Instance);
        var todo = new Stack<(TmpfsDirectory From, TmpfsDirectory To)>([(this, copy)]);
        while (todo.TryPop(out var pair))
        {
            foreach (var entry in pair.From._order)
            {
                if (entry.IsRemoved)
                {
                    continue;
                }

                if (!linked.TryGetValue(entry.Inode, out var made))
                {
                    if (!copy.Owner.TryAddInode())
                    {
                        return Errno.ENOSPC;
                    }

                    if (!entry.Inode.CopyLocked(copy.Owner).Ok(out made, out var error))
                    {
                        copy.Owner.DropInode();
                        return error;
                    }

                    if (made is TmpfsDirectory directory)
                    {
                        todo.Push(((TmpfsDirectory)entry.Inode, directory));
                    }
                    else if (made.LinksLocked > 1)
                    {
                        linked.Add(entry.Inode, made);
                    }
                }

                pair.To.InsertLocked(entry.Name, made);
            }
        }

        return Errno.OK;
    }

    /// <summary>Gives the data below back: a copy that nobody will use.</summary>
    internal void FreeTree()
    {
        var todo = new Stack<TmpfsDirectory>([this]);
        while (todo.TryPop(out var directory))
        {
            foreach (var entry in directory._order)
            {
                switch (entry.Inode)
                {
                    case TmpfsDirectory inside:
                        todo.Push(inside);
                        break;
                    case TmpfsRegular file:
                        file.Data.Free();
                        break;
                }
            }
        }
    }
}
