using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>File locks (flock(2), fcntl(2) F_SETLK and its kin).</summary>
internal static class Locking
{
    private const int LOCK_SH = 1;
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;
    private const int LOCK_UN = 8;

    [Syscall(Nr.flock)]
    public static SysResult flock(Task task, Fd fd, int operation)
    {
        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        FileLockType? type = (operation & ~LOCK_NB) switch
        {
            LOCK_SH => FileLockType.Read,
            LOCK_EX => FileLockType.Write,
            LOCK_UN => FileLockType.None,
            _ => null,
        };
        if (type is null || file.Inode is not { } inode)
        {
            // A file without an inode has no other description that could be in the way.
            return type is null ? Errno.EINVAL : Errno.OK;
        }

        error = inode.Locks.SetWhole(file, task.Process.Pid, type.Value);
        return error == Errno.EAGAIN && (operation & LOCK_NB) == 0 ? task.WaitOn(inode.Locks.Released) : error;
    }

    /// <summary>F_GETLK, F_SETLK, F_SETLKW and the open-file-description ones.</summary>
    internal static SysResult Record(Task task, Fd fd, OpenFile file, FcntlCommand command, UserPtr pointer)
    {
        var error = task.Memory.Read(pointer.Address, out flock request);
        if (error != Errno.OK)
        {
            return error;
        }

        var ofd = command >= FcntlCommand.F_OFD_GETLK;
        if (file.Inode is not { } inode || request.l_type is < 0 or > 2 || (ofd && request.l_pid != 0))
        {
            return Errno.EINVAL;
        }

        if (!Range(task, file, inode, request, out var start, out var end, out error))
        {
            return error;
        }

        var wanted = new FileLock(ofd ? file : task.Files, ofd ? -1 : task.Process.Pid, (FileLockType)request.l_type, start, end);
        if (command is FcntlCommand.F_GETLK or FcntlCommand.F_OFD_GETLK)
        {
            return Test(task, inode, wanted, request, pointer);
        }

        if ((wanted.Type == FileLockType.Read && !file.CanRead) || (wanted.Type == FileLockType.Write && !file.CanWrite))
        {
            return Errno.EBADF;
        }

        var wait = command is FcntlCommand.F_SETLKW or FcntlCommand.F_OFD_SETLKW;
        error = inode.Locks.Set(wanted, wait && !ofd ? task : null);
        if (error == Errno.EAGAIN && wait)
        {
            task.CallState ??= new LockWait(task.Kernel.Vfs.LockWaits, task);
            return task.WaitOn(inode.Locks.Released);
        }

        // Closed by another thread in the meantime: its locks went with it, so must this one.
        if (error == Errno.OK && wanted.Type != FileLockType.None && !ReferenceEquals(task.Files.GetAny(fd.Value).Ok(out var now) ? now : null, file))
        {
            _ = inode.Locks.Set(wanted with { Type = FileLockType.None }, null);
            return Errno.EBADF;
        }

        return error;
    }

    private static SysResult Test(Task task, Inode inode, FileLock wanted, flock request, UserPtr pointer)
    {
        if (wanted.Type == FileLockType.None)
        {
            return Errno.EINVAL;
        }

        if (inode.Locks.Test(wanted) is { } held)
        {
            request.l_type = (short)held.Type;
            request.l_whence = Seek.SEEK_SET;
            request.l_start = held.Start;
            request.l_len = held.End == long.MaxValue ? 0 : held.End - held.Start + 1;
            request.l_pid = held.Pid;
        }
        else
        {
            request.l_type = (short)FileLockType.None;
        }

        return task.Memory.Write(pointer.Address, request);
    }

    private static bool Range(Task task, OpenFile file, Inode inode, in flock request, out long start, out long end, out Errno error)
    {
        start = end = 0;
        error = Errno.OK;
        long from = 0;
        switch (request.l_whence)
        {
            case Seek.SEEK_SET:
                break;
            case Seek.SEEK_CUR:
                if (!file.Seek(task, 0, Seek.SEEK_CUR).Ok(out from, out error))
                {
                    return false;
                }

                break;
            case Seek.SEEK_END:
                if (!inode.GetAttributes().Ok(out var attributes, out error))
                {
                    return false;
                }

                from = attributes.Size;
                break;
            default:
                error = Errno.EINVAL;
                return false;
        }

        if (request.l_start > long.MaxValue - from)
        {
            error = Errno.EOVERFLOW;
            return false;
        }

        start = from + request.l_start;
        if (start < 0)
        {
            error = Errno.EINVAL;
            return false;
        }

        if (request.l_len > 0)
        {
            if (request.l_len - 1 > long.MaxValue - start)
            {
                error = Errno.EOVERFLOW;
                return false;
            }

            end = start + request.l_len - 1;
        }
        else if (request.l_len < 0)
        {
            // A negative length is the bytes before the start.
            end = start - 1;
            start += request.l_len;
            if (start < 0)
            {
                error = Errno.EINVAL;
                return false;
            }
        }
        else
        {
            end = long.MaxValue;
        }

        return true;
    }

    private sealed class LockWait(LockWaits waits, Task task) : IDisposable
    {
        public void Dispose() => waits.Remove(task);
    }
}
