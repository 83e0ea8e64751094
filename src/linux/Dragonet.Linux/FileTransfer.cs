using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>The loop behind read(2), write(2) and their kin: chunks through a pooled buffer, waiting, signals.</summary>
internal static class FileTransfer
{
    private const int Chunk = 256 * 1024;
    private const int Small = 512;

    /// <summary>From here on a stream may take and give the array itself.</summary>
    private const int LeastGiven = 32 * 1024;

    /// <summary>So little is copied before anybody asks whether there is room for it.</summary>
    internal const int CopiedAnyway = 4096;

    /// <summary>A message is sent and received as one, and none is larger.</summary>
    internal const int LargestMessage = 1024 * 1024;

    /// <summary>Reads into guest memory.</summary>
    /// <param name="offset">Where, or null for the position or stream.</param>
    /// <param name="wait">False for RWF_NOWAIT.</param>
    public static SysResult Read<T>(Task task, OpenFile file, in T target, long? offset, bool wait = true)
        where T : struct, IUserData
    {
        if (!file.CanRead)
        {
            return Errno.EBADF;
        }

        if (!target.IsPossible || offset > long.MaxValue - target.Total)
        {
            return target.IsPossible ? Errno.EINVAL : Errno.EFAULT;
        }

        if (file.IsSeekable && task.MustWaitToTransfer(write: false, out var blocked))
        {
            return blocked;
        }

        var total = target.Total;
        if (total >= LeastGiven && offset is null && !file.IsSeekable && ReadBlocks(task, file, target) is { } taken)
        {
            return taken;
        }

        byte[]? rented = null;
        var buffer = total <= Small ? stackalloc byte[Small] : (rented = ArrayPool<byte>.Shared.Rent(Portion(file, total))).AsSpan(0, Portion(file, total));
        var result = ReadLoop(task, file, target, offset, wait, buffer);
        if (file.IsSeekable && !result.IsBlocked && result.Raw > 0)
        {
            task.CountTransfer(write: false, result.Raw);
        }

        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return result;
    }

    /// <summary>Writes from guest memory.</summary>
    /// <inheritdoc cref="Read"/>
    public static SysResult Write<T>(Task task, OpenFile file, in T source, long? offset, bool wait = true, bool append = false)
        where T : struct, IUserData
    {
        if (!file.CanWrite)
        {
            return Errno.EBADF;
        }

        if (!source.IsPossible || offset > long.MaxValue - source.Total)
        {
            return source.IsPossible ? Errno.EINVAL : Errno.EFAULT;
        }

        if (file.IsSeekable && task.MustWaitToTransfer(write: true, out var blocked))
        {
            return blocked;
        }

        var total = source.Total;
        byte[]? rented = null;
        var buffer = total <= Small ? stackalloc byte[Small] : (rented = ArrayPool<byte>.Shared.Rent(Portion(file, total))).AsSpan(0, Portion(file, total));
        var result = WriteLoop(task, file, source, offset, wait, append, buffer, ref rented);
        if (file.IsSeekable && !result.IsBlocked && result.Raw > 0)
        {
            task.CountTransfer(write: true, result.Raw);
        }

        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return result;
    }

    /// <summary>What a failed write answers, with its signal: SIGPIPE, or SIGXFSZ at RLIMIT_FSIZE.</summary>
    public static SysResult WriteFailed(Task task, OpenFile file, Errno error, long done)
    {
        if (error == Errno.EPIPE)
        {
            _ = task.Send(SigInfo.FromKernel(Sig.PIPE));
        }
        else if (error == Errno.EFBIG && done == 0 && file.IsSeekable && task.FileSizeLimit != Rlimits.Infinity)
        {
            _ = task.Send(SigInfo.FromKernel(Sig.XFSZ));
        }

        return done > 0 ? done : error;
    }

    /// <summary>Tells inotify of a transfer.</summary>
    public static void Tell(Task task, OpenFile file, InotifyMask mask)
    {
        var notify = task.Kernel.Vfs.Notify;
        if (notify.IsActive && file.Path is { } path)
        {
            notify.File(path.Dentry, mask);
        }
    }

    /// <summary>How much is copied at once.</summary>
    private static int Portion(OpenFile file, long total)
        => total <= Chunk ? (int)total : file is SocketFile { Type: not SocketType.SOCK_STREAM } ? (int)Math.Min(total, LargestMessage) : Chunk;

    private static SysResult ReadLoop<T>(Task task, OpenFile file, in T target, long? offset, bool wait, Span<byte> buffer)
        where T : struct, IUserData
    {
        var total = target.Total;
        long done = 0;
        while (true)
        {
            var want = (int)Math.Min(total - done, buffer.Length);
            if (!wait && !file.IsSeekable && (file.Poll(null) & (PollEvents.POLLIN | PollEvents.POLLHUP | PollEvents.POLLERR)) == 0)
            {
                return done > 0 ? done : Errno.EAGAIN;
            }

            var result = offset is { } at ? file.ReadAt(task, buffer[..want], at + done) : file.Read(task, buffer[..want]);
            if (!result.Ok(out var count, out var error))
            {
                if (done > 0)
                {
                    return done;
                }

                return error == Errno.EAGAIN && wait && !file.NonBlocking ? task.WaitFor(file, PollEvents.POLLIN) : error;
            }

            if (count == 0)
            {
                return done;
            }

            error = target.Scatter(task, done, buffer[..count]);
            if (error != Errno.OK)
            {
                done += Salvage(task, file, target, offset, done, buffer[..count]);
                return done > 0 ? done : error;
            }

            // A stream may have more than the buffer took; whatever else is no file has said what it has to say.
            done += count;
            if (count < want || done == total || !(file.IsSeekable || file is SocketFile { Type: SocketType.SOCK_STREAM }))
            {
                Tell(task, file, InotifyMask.IN_ACCESS);
                return done;
            }
        }
    }

    /// <summary>The buffer ends in bad memory: what fits before it counts, and the position is put after that much.</summary>
    private static long Salvage<T>(Task task, OpenFile file, in T target, long? offset, long done, ReadOnlySpan<byte> data)
        where T : struct, IUserData
    {
        var (low, high) = (0, data.Length);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (target.Scatter(task, done, data[..middle], now: true) == Errno.OK)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        if (offset is null && file.IsSeekable)
        {
            _ = file.Seek(task, low - data.Length, Abi.Seek.SEEK_CUR);
        }

        return low;
    }

    /// <summary>Reads what a stream gives away without a copy.</summary>
    /// <returns>The answer; null when nothing is to be had so.</returns>
    private static SysResult? ReadBlocks<T>(Task task, OpenFile file, in T target)
        where T : struct, IUserData
    {
        var run = default(BlockRun);
        Span<ArraySegment<byte>> blocks = run;
        long done = 0;
        if (file.TakeBlocks(task, (int)Math.Min(target.Total, LargestMessage), blocks) == 0)
        {
            return null;
        }

        var isGood = true;
        foreach (var block in blocks)
        {
            if (block.Array is not { } array)
            {
                break;
            }

            if (isGood)
            {
                isGood = target.Scatter(task, done, block) == Errno.OK;
                done += isGood ? block.Count : Salvage(task, file, target, null, done, block);
            }

            ArrayPool<byte>.Shared.Return(array);
        }

        return done > 0 ? done : Errno.EFAULT;
    }

    /// <param name="buffer">What is copied at once goes there.</param>
    /// <param name="rented">Its array, when it is one; another one, or none, when a stream has taken it.</param>
    private static SysResult WriteLoop<T>(Task task, OpenFile file, in T source, long? offset, bool wait, bool append, Span<byte> buffer, ref byte[]? rented)
        where T : struct, IUserData
    {
        var total = source.Total;
        var done = task.Progress;
        while (true)
        {
            var want = (int)Math.Min(total - done, buffer.Length);
            var result = want > CopiedAnyway ? file.GetRoom(want) : want;
            if (result.Ok(out want, out var error))
            {
                var chunk = buffer[..want];
                error = file.IgnoresWrites ? Errno.OK : source.Gather(task, done, chunk);
                if (error != Errno.OK)
                {
                    result = file.GetRoom(want); // nobody looks at data for which there is no room
                    if (done > 0 || result.IsOk)
                    {
                        return done > 0 ? done : error;
                    }
                }
                else if (want >= LeastGiven && !file.IsSeekable && rented is { } block && file.TryGive(task, block, want))
                {
                    rented = null;
                    if (done + want < total)
                    {
                        rented = ArrayPool<byte>.Shared.Rent(buffer.Length);
                        buffer = rented.AsSpan(0, buffer.Length);
                    }
                }
                else
                {
                    result = append ? file.Append(task, chunk) : offset is { } at ? file.WriteAt(task, chunk, at + done) : file.Write(task, chunk);
                }
            }

            if (!result.Ok(out var count, out error))
            {
                if (error == Errno.EAGAIN && wait && !file.NonBlocking)
                {
                    task.Progress = done;
                    return task.WaitFor(file, PollEvents.POLLOUT);
                }

                return WriteFailed(task, file, error, done);
            }

            done += count;
            if (done == total || count == 0 || (count < want && file.IsSeekable))
            {
                Tell(task, file, InotifyMask.IN_MODIFY);
                return done;
            }
        }
    }
}
