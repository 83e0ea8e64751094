using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>From the path arguments of a call to places.</summary>
internal static class TaskPaths
{
    /// <summary>Where a path starts: its root, and the working directory or what <paramref name="directory"/> refers to.
    /// EBADF and ENOTDIR only for relative paths (openat(2)).</summary>
    public static Result<WalkContext> Context(this Task task, Fd directory, string path, ICaller? caller = null)
    {
        var root = task.Fs.Root;
        if (directory.IsCwd || path.StartsWith('/'))
        {
            return new WalkContext(caller ?? task, root, task.Fs.Cwd);
        }

        if (!task.Files.GetAny(directory.Value).Ok(out var file, out var error))
        {
            return error;
        }

        return file.Path is { } place ? new WalkContext(caller ?? task, root, place) : Errno.ENOTDIR;
    }

    /// <summary>The context of paths relative to the working directory.</summary>
    public static WalkContext Context(this Task task) => new(task, task.Fs.Root, task.Fs.Cwd);

    /// <summary>Finds the place that a path argument names.</summary>
    public static Result<VfsPath> Find(this Task task, Fd directory, UserString path, WalkFlags flags, ICaller? caller = null)
    {
        if (!ReadPath(task, path, flags).Ok(out var text, out var error) || !task.Context(directory, text, caller).Ok(out var context, out error))
        {
            return error;
        }

        return task.Kernel.Vfs.Lookup(context, text, flags);
    }

    /// <summary>Walk flags for AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH.</summary>
    public static WalkFlags ToWalk(this AtFlags flags)
        => ((flags & AtFlags.AT_SYMLINK_NOFOLLOW) == 0 ? WalkFlags.Follow : WalkFlags.None) | ((flags & AtFlags.AT_EMPTY_PATH) != 0 ? WalkFlags.Empty : WalkFlags.None);

    /// <summary>True when the call means the descriptor itself: AT_EMPTY_PATH with an empty (or, since Linux 6.11, no) path.</summary>
    public static bool IsDescriptorOnly(this Task task, UserString path, AtFlags flags)
    {
        if ((flags & AtFlags.AT_EMPTY_PATH) == 0)
        {
            return false;
        }

        Span<byte> first = stackalloc byte[1];
        return path.IsNull || (task.Memory.Read(path.Address, first) == Errno.OK && first[0] == 0);
    }

    private static Result<string> ReadPath(Task task, UserString path, WalkFlags flags)
        => path.IsNull && (flags & WalkFlags.Empty) != 0 ? "" : path.ReadPath(task);
}
