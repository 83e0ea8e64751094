namespace Dragonet.Vfs;

/// <summary>Takes directory entries until it is full.</summary>
public interface IDirectorySink
{
    /// <summary>Offers one entry.</summary>
    /// <param name="name">The name, bytes as chars.</param>
    /// <param name="inode">Inode number.</param>
    /// <param name="next">The position of the entry after this one (d_off).</param>
    /// <param name="type">DT_* (readdir(3)).</param>
    /// <returns>False when the entry did not fit: it will be offered again by the next call.</returns>
    bool Add(string name, ulong inode, long next, byte type);
}
