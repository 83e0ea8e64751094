using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Reading, writing and seeking (read(2), write(2), pread(2), readv(2), lseek(2)).</summary>
internal static class ReadWrite
{
    private const int RWF_NOWAIT = 8;
    private const int RWF_APPEND = 16;
    private const int RWF_KNOWN = 1 | 2 | 4 | RWF_NOWAIT | RWF_APPEND; // HIPRI, DSYNC, SYNC

    [Syscall(Nr.read)]
    public static SysResult read(Task task, Fd fd, UserPtr buffer, ulong count)
        => task.Files.Get(fd.Value).Ok(out var file, out var error) ? FileTransfer.Read(task, file, new UserRange(buffer, count), null) : error;

    [Syscall(Nr.write)]
    public static SysResult write(Task task, Fd fd, UserPtr buffer, ulong count)
        => task.Files.Get(fd.Value).Ok(out var file, out var error) ? FileTransfer.Write(task, file, new UserRange(buffer, count), null) : error;

    [Syscall(Nr.pread64)]
    public static SysResult pread64(Task task, Fd fd, UserPtr buffer, ulong count, long offset)
        => offset < 0 ? Errno.EINVAL
            : task.Files.Get(fd.Value).Ok(out var file, out var error) ? FileTransfer.Read(task, file, new UserRange(buffer, count), offset) : error;

    [Syscall(Nr.pwrite64)]
    public static SysResult pwrite64(Task task, Fd fd, UserPtr buffer, ulong count, long offset)
        => offset < 0 ? Errno.EINVAL
            : task.Files.Get(fd.Value).Ok(out var file, out var error) ? FileTransfer.Write(task, file, new UserRange(buffer, count), offset) : error;

    [Syscall(Nr.readv)]
    public static SysResult readv(Task task, Fd fd, UserPtr vector, ulong count) => Vector(task, fd, vector, count, null, 0, write: false);

    [Syscall(Nr.writev)]
    public static SysResult writev(Task task, Fd fd, UserPtr vector, ulong count) => Vector(task, fd, vector, count, null, 0, write: true);

    [Syscall(Nr.preadv)]
    public static SysResult preadv(Task task, Fd fd, UserPtr vector, ulong count, long offset)
        => offset < 0 ? Errno.EINVAL : Vector(task, fd, vector, count, offset, 0, write: false);

    [Syscall(Nr.pwritev)]
    public static SysResult pwritev(Task task, Fd fd, UserPtr vector, ulong count, long offset)
        => offset < 0 ? Errno.EINVAL : Vector(task, fd, vector, count, offset, 0, write: true);

    [Syscall(Nr.preadv2)]
    public static SysResult preadv2(Task task, Fd fd, UserPtr vector, ulong count, long offset, ulong offsetHigh, int flags)
        => offset < -1 ? Errno.EINVAL : Vector(task, fd, vector, count, offset == -1 ? null : offset, flags, write: false);

    [Syscall(Nr.pwritev2)]
    public static SysResult pwritev2(Task task, Fd fd, UserPtr vector, ulong count, long offset, ulong offsetHigh, int flags)
        => offset < -1 ? Errno.EINVAL : Vector(task, fd, vector, count, offset == -1 ? null : offset, flags, write: true);

    [Syscall(Nr.lseek)]
    public static SysResult lseek(Task task, Fd fd, long offset, int whence)
        => task.Files.Get(fd.Value).Ok(out var file, out var error) ? SysResult.From(file.Seek(task, offset, whence)) : error;

    private static SysResult Vector(Task task, Fd fd, UserPtr pointer, ulong count, long? offset, int flags, bool write)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (write ? !file.CanWrite : !file.CanRead)
        {
            return Errno.EBADF;
        }

        if ((flags & ~RWF_KNOWN) != 0)
        {
            return Errno.EOPNOTSUPP;
        }

        if (!UserVector.Load(task, pointer, count).Ok(out var vector, out error))
        {
            return error;
        }

        if (vector.Total == 0 && offset is null)
        {
            return 0;
        }

        var wait = (flags & RWF_NOWAIT) == 0;
        if (!write)
        {
            return FileTransfer.Read(task, file, vector, offset, wait);
        }

        var result = FileTransfer.Write(task, file, vector, offset, wait, (flags & RWF_APPEND) != 0);
        if ((flags & 6) != 0 && result.Raw > 0)
        {
            _ = file.Sync(dataOnly: (flags & 4) == 0);
        }

        return result;
    }
}
