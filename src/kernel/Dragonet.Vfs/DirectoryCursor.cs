namespace Dragonet.Vfs;

/// <summary>Where a reader of a directory is. Used by one reader at a time.</summary>
public sealed class DirectoryCursor
{
    /// <summary>Position of the next entry; 0 is the first of the file system's own entries.</summary>
    public long Position { get; set; }

    /// <summary>Whatever the file system keeps between calls (a snapshot); null after a rewind.</summary>
    public object? State { get; set; }
}
