using Dragonet.Abi;
using Dragonet.Base;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Stable storage and advice (fsync(2), sync(2), posix_fadvise(2)).</summary>
internal static class Sync
{
    [Syscall(Nr.fsync)]
    public static SysResult fsync(Task task, Fd fd) => task.Files.Get(fd.Value).Ok(out var file, out var error) ? file.Sync(dataOnly: false) : error;

    [Syscall(Nr.fdatasync)]
    public static SysResult fdatasync(Task task, Fd fd) => task.Files.Get(fd.Value).Ok(out var file, out var error) ? file.Sync(dataOnly: true) : error;

    [Syscall(Nr.sync)]
    public static SysResult sync(Task task)
    {
        var seen = new HashSet<Vfs.FileSystem>();
        foreach (var mount in task.Fs.Root.Mount.Namespace?.List() ?? [])
        {
            if (seen.Add(mount.FileSystem))
            {
                _ = mount.FileSystem.Sync();
            }
        }

        return 0;
    }

    [Syscall(Nr.syncfs)]
    public static SysResult syncfs(Task task, Fd fd)
        => task.Files.Get(fd.Value).Ok(out var file, out var error) ? file.Path?.Mount.FileSystem.Sync() ?? Errno.OK : error;

    [Syscall(Nr.sync_file_range)]
    public static SysResult sync_file_range(Task task, Fd fd, long offset, long length, uint flags)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (offset < 0 || length < 0 || offset > long.MaxValue - length || (flags & ~7u) != 0)
        {
            return Errno.EINVAL;
        }

        return file.Inode is { IsRegular: true } ? file.Sync(dataOnly: true) : Errno.ESPIPE;
    }

    [Syscall(Nr.fadvise64)]
    public static SysResult fadvise64(Task task, Fd fd, long offset, long length, int advice)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (file.Inode is null or { Type: StatMode.S_IFIFO })
        {
            return Errno.ESPIPE;
        }

        // The host's page cache decides; POSIX_FADV_NORMAL … POSIX_FADV_NOREUSE.
        return length < 0 || advice is < 0 or > 5 ? Errno.EINVAL : Errno.OK;
    }

    [Syscall(Nr.readahead)]
    public static SysResult readahead(Task task, Fd fd, long offset, ulong count)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        return !file.CanRead ? Errno.EBADF : file.Inode is { IsRegular: true } ? Errno.OK : Errno.EINVAL;
    }
}
