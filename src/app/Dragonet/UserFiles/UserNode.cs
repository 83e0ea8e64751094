using System.IO;

namespace Dragonet;

/// <summary>
/// A file, directory or symbolic link of a file system that is written in C# and mounted with <see cref="DragonetKernel.Mount"/>. The same
/// object is the same file: as long as a directory answers with the same object, its inode number stays.
/// </summary>
/// <remarks>
/// Methods are called by the threads that serve guests: several at the same time, and the guest waits until they return. They must guard
/// what they share, answer soon, and never wait for a guest of the same kernel. What they throw becomes an error of the guest's system
/// call: <see cref="UserFileException"/> says which; FileNotFoundException and DirectoryNotFoundException are ENOENT, UnauthorizedAccessException
/// is EACCES; anything else is EIO, and is reported where bugs of the kernel are (<see cref="KernelOptions.OopsReport"/>).
/// </remarks>
public abstract class UserNode
{
    private protected UserNode()
    {
    }

    /// <summary>Who may do what. The kernel checks it, as everywhere.</summary>
    public abstract UnixFileMode Permissions { get; }

    /// <summary>Owner; root unless overridden.</summary>
    public virtual int UserId => 0;

    /// <summary>Group; root's unless overridden.</summary>
    public virtual int GroupId => 0;

    /// <summary>When the contents changed last; the time of the mount unless overridden.</summary>
    public virtual DateTimeOffset? ModifyTime => null;

    /// <summary>chmod(2). EPERM unless overridden.</summary>
    public virtual void SetPermissions(UnixFileMode permissions) => throw new UserFileException(Abi.Errno.EPERM);

    /// <summary>chown(2). EPERM unless overridden.</summary>
    public virtual void SetOwner(int userId, int groupId) => throw new UserFileException(Abi.Errno.EPERM);

    /// <summary>utimensat(2), as `touch` and `cp -p` use it. EPERM unless overridden.</summary>
    public virtual void SetModifyTime(DateTimeOffset time) => throw new UserFileException(Abi.Errno.EPERM);
}
