namespace Dragonet.Fs.Tmpfs;

/// <summary>The end of a file system that nobody can reach any more.</summary>
internal sealed partial class TmpfsDirectory
{
    /// <summary>Takes away every name below: what is not open gives its memory back, the rest does so when it is closed.</summary>
    internal void Purge()
    {
        var gone = new List<TmpfsInode>();
        using (Owner.Names.Enter())
        {
            // Trees may be deep: no recursion.
            var left = new Stack<TmpfsDirectory>([this]);
            while (left.TryPop(out var directory))
            {
                foreach (var entry in directory._entries.Values)
                {
                    if (entry.Inode is TmpfsDirectory below)
                    {
                        left.Push(below);
                    }

                    if (entry.Inode.LinksLocked != 0)
                    {
                        entry.Inode.LinksLocked = 0;
                        gone.Add(entry.Inode);
                    }
                }

                directory._entries.Clear();
                directory._order.Clear();
                directory.DieLocked();
            }
        }

        foreach (var inode in gone)
        {
            if (inode is TmpfsRegular)
            {
                inode.FreeIfUnused();
            }
            else
            {
                Owner.DropInode();
            }
        }
    }
}
