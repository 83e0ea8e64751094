using Dragonet.Abi;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>Whole directories of a layer at once.</summary>
internal static class OverlayListing
{
    /// <summary>Every name, number and type.</summary>
    internal static IReadOnlyList<(string Name, ulong Number, byte Type)> Names(Inode directory, ICaller caller)
    {
        var sink = new Sink();
        _ = directory.ReadDirectory(caller, new DirectoryCursor(), sink);
        return sink.Entries;
    }

    /// <summary>Removes a name and what is below it.</summary>
    internal static void RemoveTree(ICaller caller, Inode parent, string name, Inode inode)
    {
        if (!inode.IsDirectory)
        {
            _ = parent.Unlink(caller, name, inode);
            return;
        }

        foreach (var (below, _, _) in Names(inode, caller))
        {
            if (inode.Lookup(caller, below).Ok(out var child))
            {
                RemoveTree(caller, inode, below, child);
            }
        }

        _ = parent.RemoveDirectory(caller, name, inode);
    }

    private sealed class Sink : IDirectorySink
    {
        public List<(string Name, ulong Number, byte Type)> Entries { get; } = [];

        public bool Add(string name, ulong inode, long next, byte type)
        {
            Entries.Add((name, inode, type));
            return true;
        }
    }
}
