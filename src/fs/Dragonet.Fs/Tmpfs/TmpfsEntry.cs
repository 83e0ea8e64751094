namespace Dragonet.Fs.Tmpfs;

/// <summary>A name in a directory. Its sequence number is its position for readers, so that positions stay true while others come and go.</summary>
internal sealed class TmpfsEntry(string name, TmpfsInode inode, long sequence)
{
    public string Name { get; } = name;

    /// <summary>The inode; replaced by renames over this name.</summary>
    public TmpfsInode Inode { get; set; } = inode;

    public long Sequence { get; } = sequence;

    /// <summary>Removed, but still in the list of positions.</summary>
    public bool IsRemoved { get; set; }
}
