using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Copying between files inside the kernel (sendfile(2), copy_file_range(2)).</summary>
internal static class Copy
{
    private const int Chunk = 128 * 1024;

    [Syscall(Nr.sendfile)]
    public static SysResult sendfile(Task task, Fd target, Fd source, UserPtr offset, ulong count)
    {
        if (!task.Files.Get(source.Value).Ok(out var from, out var error) || !task.Files.Get(target.Value).Ok(out var to, out error))
        {
            return error;
        }

        if (!from.CanRead || !to.CanWrite)
        {
            return Errno.EBADF;
        }

        if (!from.IsSeekable || from.Inode is { IsDirectory: true } || (to.Flags & OpenFlags.O_APPEND) != 0)
        {
            return Errno.EINVAL;
        }

        long at;
        if (offset.IsNull)
        {
            if (!from.Seek(task, 0, Seek.SEEK_CUR).Ok(out at, out error))
            {
                return error;
            }
        }
        else if ((error = task.Memory.Read(offset.Address, out at)) != Errno.OK || at < 0)
        {
            return error != Errno.OK ? error : Errno.EINVAL;
        }

        // Progress survives waits: what was sent is behind the offset already.
        at += offset.IsNull ? 0 : task.Progress;
        var result = Pump(task, from, to, at, null, (long)Math.Min(count, UserVector.MaxTotal), offset.IsNull);
        if (!offset.IsNull && result.Raw > 0)
        {
            error = task.Memory.Write(offset.Address, at - task.Progress + result.Raw);
            return error == Errno.OK ? result : error;
        }

        return result;
    }

    [Syscall(Nr.copy_file_range)]
    public static SysResult copy_file_range(Task task, Fd source, UserPtr sourceOffset, Fd target, UserPtr targetOffset, ulong count, uint flags)
    {
        if (flags != 0)
        {
            return Errno.EINVAL;
        }

        if (!task.Files.Get(source.Value).Ok(out var from, out var error) || !task.Files.Get(target.Value).Ok(out var to, out error))
        {
            return error;
        }

        if (from.Inode is { IsDirectory: true } || to.Inode is { IsDirectory: true })
        {
            return Errno.EISDIR;
        }

        if (from.Inode is not { IsRegular: true } || to.Inode is not { IsRegular: true })
        {
            return Errno.EINVAL;
        }

        if (!from.CanRead || !to.CanWrite || (to.Flags & OpenFlags.O_APPEND) != 0)
        {
            return Errno.EBADF;
        }

        if (!Offset(task, from, sourceOffset).Ok(out var at, out error) || !Offset(task, to, targetOffset).Ok(out var into, out error))
        {
            return error;
        }

        var length = (long)Math.Min(count, UserVector.MaxTotal);
        if (ReferenceEquals(from.Inode, to.Inode) && at < into + length && into < at + length)
        {
            return Errno.EINVAL;
        }

        var result = Pump(task, from, to, at, into, length, sourceOffset.IsNull);
        if (result.Raw <= 0)
        {
            return result;
        }

        if (targetOffset.IsNull)
        {
            _ = to.Seek(task, into + result.Raw, Seek.SEEK_SET);
        }

        error = sourceOffset.IsNull ? Errno.OK : task.Memory.Write(sourceOffset.Address, at + result.Raw);
        if (error == Errno.OK && !targetOffset.IsNull)
        {
            error = task.Memory.Write(targetOffset.Address, into + result.Raw);
        }

        return error == Errno.OK ? result : error;
    }

    private static Result<long> Offset(Task task, OpenFile file, UserPtr pointer)
    {
        if (pointer.IsNull)
        {
            return file.Seek(task, 0, Seek.SEEK_CUR);
        }

        var error = task.Memory.Read(pointer.Address, out long value);
        return error != Errno.OK ? error : value < 0 ? Errno.EINVAL : value;
    }

    /// <summary>Moves bytes; the source is read at an offset, so that nothing is lost when the target takes less.</summary>
    private static SysResult Pump(Task task, OpenFile from, OpenFile to, long at, long? into, long count, bool moveSource)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        var done = task.Progress;
        var started = done;
        SysResult? answer = null;
        while (done < count && answer is null)
        {
            var want = (int)Math.Min(count - done, Chunk);
            if (!from.ReadAt(task, buffer.AsSpan(0, want), at + done - started).Ok(out var read, out var error))
            {
                answer = done > 0 ? done : error;
                break;
            }

            if (read == 0)
            {
                break;
            }

            var written = into is { } place ? to.WriteAt(task, buffer.AsSpan(0, read), place + done) : to.Write(task, buffer.AsSpan(0, read));
            if (!written.Ok(out var size, out error))
            {
                answer = error == Errno.EAGAIN && !to.NonBlocking ? task.WaitFor(to, PollEvents.POLLOUT) : FileTransfer.WriteFailed(task, to, error, done);
                break;
            }

            done += size;
            if (size < read && to.IsSeekable)
            {
                break;
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (moveSource && done != started)
        {
            _ = from.Seek(task, at + done - started, Seek.SEEK_SET);
        }

        if (answer is { IsBlocked: true })
        {
            task.Progress = done;
        }

        if (done > started)
        {
            FileTransfer.Tell(task, from, InotifyMask.IN_ACCESS);
            FileTransfer.Tell(task, to, InotifyMask.IN_MODIFY);
        }

        return answer ?? done;
    }
}
