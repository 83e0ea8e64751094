using System.IO;
using System.Runtime.CompilerServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.UserFiles;

/// <summary>Shows a tree of <see cref="UserNode"/> objects to the VFS.</summary>
internal sealed class UserFileSystem : FileSystem
{
    private const long FuseMagic = 0x65735546; // FUSE_SUPER_MAGIC (statfs(2)): programs know it as "somebody's own"

    private readonly ConditionalWeakTable<UserNode, UserInode> _inodes = [];
    private readonly Kernel.Kernel _kernel;
    private readonly string _name;
    private long _lastNumber;

    internal UserFileSystem(Kernel.Kernel kernel, UserDirectory root, string name)
        : base(kernel.Vfs, "userfs")
    {
        _kernel = kernel;
        _name = name;
        Created = kernel.Clock.RealtimeNanoseconds;
        Root = Inode(root);
    }

    /// <inheritdoc/>
    public override Inode Root { get; }

    /// <summary>Directories change without telling anybody.</summary>
    public override bool NeedsRevalidation => true;

    /// <inheritdoc/>
    public override bool CachesNegative => false;

    internal long Created { get; }

    internal Platform.IPlatform Platform => _kernel.Platform;

    /// <inheritdoc/>
    public override bool Revalidate(ICaller caller, Dentry dentry)
        => dentry.Parent?.Inode is not UserDirectoryInode parent
            || (parent.Lookup(caller, dentry.Name).Ok(out var found) && ReferenceEquals(found, dentry.Inode));

    /// <inheritdoc/>
    public override Result<FileSystemStatistics> GetStatistics() => new FileSystemStatistics { Type = FuseMagic, BlockSize = 4096, NameLength = 255 };

    /// <summary>The inode of a node: one as long as the node lives.</summary>
    internal UserInode Inode(UserNode node) => _inodes.GetValue(node, made =>
    {
        var number = (ulong)Interlocked.Increment(ref _lastNumber);
        return made switch
        {
            UserDirectory directory => new UserDirectoryInode(this, number, directory),
            UserFile file => new UserFileInode(this, number, file),
            _ => new UserLinkInode(this, number, (UserLink)made),
        };
    });

    /// <summary>Calls the user's code. What it throws is an errno.</summary>
    internal Result<T> Ask<T>(Func<T> question)
    {
        try
        {
            return Result<T>.Of(question());
        }
        catch (UserFileException failure)
        {
            // OK would be a success without a value.
            return failure.Error == Errno.OK ? Errno.EIO : failure.Error;
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return Errno.ENOENT;
        }
        catch (UnauthorizedAccessException)
        {
            return Errno.EACCES;
        }
        catch (Exception bug) when (Report(bug))
        {
            return Errno.EIO;
        }
    }

    /// <summary>Has the user's code do something.</summary>
    internal Errno Do(Action action) => Ask(() =>
    {
        action();
        return true;
    }).Error;

    private bool Report(Exception bug)
    {
        _kernel.OopsReport?.Invoke($"the file system at {_name} failed: {bug.GetType().Name}: {bug.Message}\n{bug.StackTrace}");
        return bug is not OutOfMemoryException;
    }
}
