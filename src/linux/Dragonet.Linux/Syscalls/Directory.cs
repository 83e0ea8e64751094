using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Directories: reading, making, removing, going there (getdents(2), mkdir(2), chdir(2), chroot(2)).</summary>
internal static class Directory
{
    private const int MaxBuffer = 256 * 1024;

    [Syscall(Nr.getdents)]
    public static SysResult getdents(Task task, Fd fd, UserPtr buffer, uint count) => Read(task, fd, buffer, count, is64: false);

    [Syscall(Nr.getdents64)]
    public static SysResult getdents64(Task task, Fd fd, UserPtr buffer, uint count) => Read(task, fd, buffer, count, is64: true);

    [Syscall(Nr.mkdir)]
    public static SysResult mkdir(Task task, UserString path, uint mode) => mkdirat(task, new Fd(-100), path, mode);

    [Syscall(Nr.mkdirat)]
    public static SysResult mkdirat(Task task, Fd directory, UserString path, uint mode)
    {
        if (!path.ReadPath(task).Ok(out var text, out var error) || !task.Context(directory, text).Ok(out var context, out error))
        {
            return error;
        }

        return task.Kernel.Vfs.MakeDirectory(context, text, mode);
    }

    [Syscall(Nr.rmdir)]
    public static SysResult rmdir(Task task, UserString path) => Link.Remove(task, new Fd(-100), path, directory: true);

    [Syscall(Nr.chdir)]
    public static SysResult chdir(Task task, UserString path)
        => task.Find(new Fd(-100), path, WalkFlags.Follow | WalkFlags.Directory).Ok(out var place, out var error) ? Enter(task, place) : error;

    [Syscall(Nr.fchdir)]
    public static SysResult fchdir(Task task, Fd fd)
    {
        if (!task.Files.GetAny(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        return file.Path is { } place && place.Inode.IsDirectory ? Enter(task, place) : Errno.ENOTDIR;
    }

    [Syscall(Nr.chroot)]
    public static SysResult chroot(Task task, UserString path)
    {
        if (!task.Find(new Fd(-100), path, WalkFlags.Follow | WalkFlags.Directory).Ok(out var place, out var error))
        {
            return error;
        }

        error = place.Inode.CheckAccess(task.Credentials, Access.Execute);
        if (error != Errno.OK)
        {
            return error;
        }

        if (!task.Credentials.HasWithin(Capability.CAP_SYS_CHROOT))
        {
            return Errno.EPERM;
        }

        task.Fs.Root = place;
        return 0;
    }

    [Syscall(Nr.getcwd)]
    public static SysResult getcwd(Task task, UserPtr buffer, ulong size)
    {
        var fs = task.Fs;
        if (!VirtualFileSystem.GetCwd(fs.Cwd, fs.Root).Ok(out var path, out var error))
        {
            return error;
        }

        if (path.Length + 1 > UserString.PathMax)
        {
            return Errno.ENAMETOOLONG;
        }

        if ((ulong)path.Length + 1 > size)
        {
            return Errno.ERANGE;
        }

        var bytes = ByteString.ToBytes(path + '\0');
        error = task.Memory.Write(buffer.Address, bytes);
        return error == Errno.OK ? bytes.Length : error;
    }

    private static SysResult Enter(Task task, VfsPath place)
    {
        var error = place.Inode.CheckAccess(task.Credentials, Access.Execute);
        if (error == Errno.OK)
        {
            task.Fs.Cwd = place;
        }

        return error;
    }

    private static SysResult Read(Task task, Fd fd, UserPtr buffer, uint count, bool is64)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        var limit = (int)Math.Min(count, MaxBuffer);
        var rented = ArrayPool<byte>.Shared.Rent(limit);
        var sink = new DirentSink(rented, limit, is64);
        var result = file.ReadDirectory(task, sink);
        SysResult answer;
        if (!result.IsOk)
        {
            answer = result.Error;
        }
        else if (sink.Length == 0)
        {
            answer = sink.IsFull ? Errno.EINVAL : 0;
        }
        else
        {
            error = task.Memory.Write(buffer.Address, rented.AsSpan(0, sink.Length));
            answer = error == Errno.OK ? sink.Length : error;
        }

        ArrayPool<byte>.Shared.Return(rented);
        return answer;
    }
}
