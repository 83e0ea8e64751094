using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform;

/// <summary>
/// A directory of the host, held open. Every operation names a single component in it (or the directory itself by an empty name), never
/// follows a symbolic link and never leaves the tree: names with a slash, "." and ".." are EINVAL. Bytes as chars. Thread-safe; after
/// <see cref="IDisposable.Dispose"/> everything answers EBADF.
/// </summary>
public interface IHostDirectory : IDisposable
{
    /// <summary>Attributes of a name, or with an empty name of the directory itself.</summary>
    Errno GetAttributes(string name, out HostAttributes attributes);

    /// <summary>Opens a directory in it.</summary>
    Result<IHostDirectory> OpenDirectory(string name);

    /// <summary>Opens or creates a regular file; EINVAL for what is not one.</summary>
    /// <param name="permissions">Of a new file.</param>
    Result<IHostFile> OpenFile(string name, HostOpenMode mode, uint permissions = 0);

    /// <summary>Every name in it.</summary>
    Result<IReadOnlyList<HostEntry>> List();

    /// <summary>The text of a symbolic link.</summary>
    Result<string> ReadLink(string name);

    Errno MakeDirectory(string name, uint permissions);

    /// <summary>Makes a FIFO or a socket node; never a device.</summary>
    Errno MakeNode(string name, uint mode);

    Errno MakeSymbolicLink(string name, string target);

    /// <summary>Gives a file one more name in a directory of the same host file system.</summary>
    Errno Link(string name, IHostDirectory newDirectory, string newName);

    /// <summary>Removes a name.</summary>
    Errno Remove(string name, bool directory);

    /// <summary>renameat2(2).</summary>
    Errno Rename(string name, IHostDirectory newDirectory, string newName, RenameFlags flags);

    Errno SetMode(string name, uint permissions);

    /// <summary>Changes owner and group; <see cref="uint.MaxValue"/> leaves one as it is.</summary>
    Errno SetOwner(string name, uint uid, uint gid);

    /// <summary>Changes times, in nanoseconds since the epoch; null leaves one as it is.</summary>
    Errno SetTimes(string name, long? access, long? modify);

    Result<byte[]> GetXattr(string name, string attribute);

    /// <param name="flags">XATTR_CREATE, XATTR_REPLACE.</param>
    Errno SetXattr(string name, string attribute, ReadOnlySpan<byte> value, int flags);

    Errno RemoveXattr(string name, string attribute);

    Result<IReadOnlyList<string>> ListXattr(string name);

    Result<HostStatistics> GetStatistics();

    /// <summary>fsync(2) of the directory.</summary>
    Errno Sync();
}
