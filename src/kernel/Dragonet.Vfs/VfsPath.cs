namespace Dragonet.Vfs;

/// <summary>A place: a dentry as seen through one mount (nullfs gives the same dentry through another).</summary>
public sealed record VfsPath(Mount Mount, Dentry Dentry)
{
    /// <summary>The inode. Only for places that exist: what a lookup returned.</summary>
    public Inode Inode => Dentry.Inode!;
}
