using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>
/// Moving data through pipes (splice(2), tee(2), vmsplice(2)). Differs from Linux: data is copied once in the kernel instead of pages
/// changing hands, and boundaries of O_DIRECT packets do not survive a splice that was cut short.
/// </summary>
internal static class Splices
{
    private const int Chunk = 65536;

    [Syscall(Nr.splice)]
    public static SysResult splice(Task task, Fd source, UserPtr sourceOffset, Fd target, UserPtr targetOffset, ulong length, SpliceFlags flags)
    {
        if (length == 0)
        {
            return 0;
        }

        if ((flags & ~SpliceFlags.All) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        if (!task.Files.Get(source.Value).Ok(out var from, out var error) || !task.Files.Get(target.Value).Ok(out var to, out error))
        {
            return error;
        }

        if (!from.CanRead || !to.CanWrite)
        {
            return Errno.EBADF;
        }

        var pipeIn = (from as PipeFile)?.Pipe;
        var pipeOut = (to as PipeFile)?.Pipe;
        if ((pipeIn is not null && !sourceOffset.IsNull) || (pipeOut is not null && !targetOffset.IsNull))
        {
            return Errno.ESPIPE;
        }

        if (pipeIn is null && pipeOut is null)
        {
            return task.Fail(Errno.EINVAL, "neither is a pipe");
        }

        if (pipeIn == pipeOut || (!sourceOffset.IsNull && !from.IsSeekable) || (!targetOffset.IsNull && !to.IsSeekable) || (to.Flags & OpenFlags.O_APPEND) != 0)
        {
            return Errno.EINVAL;
        }

        long at = 0;
        var offset = sourceOffset.IsNull ? targetOffset : sourceOffset;
        if (!offset.IsNull)
        {
            error = task.Memory.Read(offset.Address, out at);
            if (error != Errno.OK)
            {
                return error;
            }

            if (at < 0)
            {
                return Errno.EINVAL;
            }
        }

        // The pipe's own O_NONBLOCK counts as well as the flag; a socket or terminal at the other end follows its own.
        var wait = (flags & SpliceFlags.SPLICE_F_NONBLOCK) == 0;
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        SysResult result = pipeOut is null
            ? FromPipe(task, pipeIn!, from, to, offset.IsNull ? null : at, length, wait, buffer)
            : ToPipe(task, from, pipeOut, to, offset.IsNull ? null : at, length, wait, buffer);
        ArrayPool<byte>.Shared.Return(buffer);
        if (result.Raw > 0 && !offset.IsNull)
        {
            _ = task.Memory.Write(offset.Address, at + result.Raw);
        }

        return result;
    }

    [Syscall(Nr.tee)]
    public static SysResult tee(Task task, Fd source, Fd target, ulong length, SpliceFlags flags)
    {
        if ((flags & ~SpliceFlags.All) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        if (length == 0)
        {
            return 0;
        }

        if (!task.Files.Get(source.Value).Ok(out var from, out var error) || !task.Files.Get(target.Value).Ok(out var to, out error))
        {
            return error;
        }

        if (!from.CanRead || !to.CanWrite)
        {
            return Errno.EBADF;
        }

        if (from is not PipeFile { Pipe: var input } || to is not PipeFile { Pipe: var output } || input == output)
        {
            return Errno.EINVAL;
        }

        var wait = (flags & SpliceFlags.SPLICE_F_NONBLOCK) == 0;
        if (!output.HasReaders)
        {
            return BrokenPipe(task);
        }

        var room = output.Free;
        if (room == 0)
        {
            return wait && !to.NonBlocking ? task.WaitFor(to, PollEvents.POLLOUT) : Errno.EAGAIN;
        }

        var data = ArrayPool<byte>.Shared.Rent(Chunk);
        var count = input.Peek(data.AsSpan(0, (int)Math.Min((ulong)Math.Min(room, Chunk), length)));
        if (count.IsOk && count.Value > 0)
        {
            count = output.Write(data.AsSpan(0, count.Value), whole: true);
        }

        ArrayPool<byte>.Shared.Return(data);
        return count.Error switch
        {
            Errno.EAGAIN when wait && !from.NonBlocking => task.WaitFor(from, PollEvents.POLLIN),
            Errno.EPIPE => BrokenPipe(task),
            _ => SysResult.From(count),
        };
    }

    [Syscall(Nr.vmsplice)]
    public static SysResult vmsplice(Task task, Fd descriptor, UserPtr vectors, ulong count, SpliceFlags flags)
    {
        if ((flags & ~SpliceFlags.All) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        if (!task.Files.Get(descriptor.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (file is not PipeFile { Pipe: var pipe })
        {
            return Errno.EBADF;
        }

        if (!UserVector.Load(task, vectors, count).Ok(out var vector, out error))
        {
            return error;
        }

        var wait = (flags & SpliceFlags.SPLICE_F_NONBLOCK) == 0 && !file.NonBlocking;
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        var result = file.CanWrite ? Give(task, file, pipe, vector, wait, buffer) : Take(task, file, pipe, vector, wait, buffer);
        ArrayPool<byte>.Shared.Return(buffer);
        return result;
    }

    private static SysResult Give(Task task, OpenFile file, Pipe pipe, UserVector vector, bool wait, byte[] buffer)
    {
        while (task.Progress < vector.Total)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(Chunk, vector.Total - task.Progress));
            var error = vector.Gather(task, task.Progress, part);
            if (error != Errno.OK)
            {
                return task.Progress > 0 ? task.Progress : error;
            }

            if (pipe.Write(part).Ok(out var count, out error))
            {
                task.Progress += count;
            }
            else if (error == Errno.EAGAIN && wait)
            {
                return task.WaitFor(file, PollEvents.POLLOUT);
            }
            else
            {
                return task.Progress > 0 ? task.Progress : error == Errno.EPIPE ? BrokenPipe(task) : error;
            }
        }

        return task.Progress;
    }

    private static SysResult Take(Task task, OpenFile file, Pipe pipe, UserVector vector, bool wait, byte[] buffer)
    {
        long done = 0;
        while (done < vector.Total)
        {
            if (!pipe.Read(buffer.AsSpan(0, (int)Math.Min(Chunk, vector.Total - done))).Ok(out var count, out var error))
            {
                return done > 0 ? done : error == Errno.EAGAIN && wait ? task.WaitFor(file, PollEvents.POLLIN) : error;
            }

            if (count == 0)
            {
                break;
            }

            error = vector.Scatter(task, done, buffer.AsSpan(0, count));
            if (error != Errno.OK)
            {
                return done > 0 ? done : error;
            }

            done += count;
        }

        return done;
    }

    private static SysResult FromPipe(Task task, Pipe pipe, OpenFile from, OpenFile to, long? offset, ulong length, bool wait, byte[] buffer)
    {
        while ((ulong)task.Progress < length)
        {
            var want = (int)Math.Min(Chunk, length - (ulong)task.Progress);
            if (!pipe.Read(buffer.AsSpan(0, want)).Ok(out var count, out var error))
            {
                return task.Progress > 0 ? task.Progress : error == Errno.EAGAIN && wait && !from.NonBlocking ? task.WaitFor(from, PollEvents.POLLIN) : error;
            }

            if (count == 0)
            {
                break;
            }

            var data = buffer.AsSpan(0, count);
            var written = offset is { } at ? to.WriteAt(task, data, at + task.Progress) : to.Write(task, data);
            pipe.Unread(data[(written.IsOk ? written.Value : 0)..]);
            if (!written.IsOk)
            {
                return task.Progress > 0 ? task.Progress
                    : written.Error == Errno.EAGAIN && !to.NonBlocking ? task.WaitFor(to, PollEvents.POLLOUT)
                    : written.Error == Errno.EPIPE ? BrokenPipe(task) : written.Error;
            }

            task.Progress += written.Value;
        }

        return task.Progress;
    }

    private static SysResult ToPipe(Task task, OpenFile from, Pipe pipe, OpenFile to, long? offset, ulong length, bool wait, byte[] buffer)
    {
        if (!pipe.HasReaders)
        {
            return BrokenPipe(task);
        }

        var room = pipe.Free;
        if (room == 0)
        {
            return wait && !to.NonBlocking ? task.WaitFor(to, PollEvents.POLLOUT) : Errno.EAGAIN;
        }

        var data = buffer.AsSpan(0, (int)Math.Min((ulong)Math.Min(room, Chunk), length));
        var read = offset is { } at ? from.ReadAt(task, data, at) : from.Read(task, data);
        if (!read.Ok(out var count, out var error))
        {
            var sleeps = error == Errno.EAGAIN && !from.NonBlocking && (from is not PipeFile || wait);
            return sleeps ? task.WaitFor(from, PollEvents.POLLIN) : error;
        }

        if (count == 0)
        {
            return 0;
        }

        var written = pipe.Write(data[..count], whole: true);
        return written.Error == Errno.EPIPE ? BrokenPipe(task) : SysResult.From(written);
    }

    private static SysResult BrokenPipe(Task task)
    {
        _ = task.Send(SigInfo.FromUser(Sig.PIPE, task));
        return Errno.EPIPE;
    }
}
