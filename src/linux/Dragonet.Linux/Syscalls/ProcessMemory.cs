using System.Buffers;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Memory of another process (process_vm_readv(2)): copied through the kernel, with the access rule of ptrace(2).</summary>
internal static class ProcessMemory
{
    private const int Chunk = 64 * 1024;
    private const int Page = 4096;

    [Syscall(Nr.process_vm_readv)]
    public static SysResult process_vm_readv(Task task, int pid, UserPtr local, ulong localCount, UserPtr remote, ulong remoteCount, ulong flags)
        => Run(task, pid, local, localCount, remote, remoteCount, flags, write: false);

    [Syscall(Nr.process_vm_writev)]
    public static SysResult process_vm_writev(Task task, int pid, UserPtr local, ulong localCount, UserPtr remote, ulong remoteCount, ulong flags)
        => Run(task, pid, local, localCount, remote, remoteCount, flags, write: true);

    private static SysResult Run(Task task, int pid, UserPtr local, ulong localCount, UserPtr remote, ulong remoteCount, ulong flags, bool write)
    {
        if (flags != 0)
        {
            return Errno.EINVAL;
        }

        if (!UserVector.Load(task, local, localCount).Ok(out var mine, out var error))
        {
            return error;
        }

        if (mine.Total == 0)
        {
            return 0;
        }

        if (remoteCount > UserVector.MaxCount)
        {
            return Errno.EINVAL;
        }

        var theirs = new iovec[remoteCount];
        if (task.Memory.ReadArray<iovec>(remote.Address, theirs) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        if (task.Jail.FindTask(pid)?.Process is not { IsExiting: false, IsZombie: false } target || target.Leader.Thread is not { } thread)
        {
            return Errno.ESRCH;
        }

        return TraceAccess.MayAttach(task, target) ? Copy(task, thread.Space, mine, theirs, write) : Errno.EPERM;
    }

    /// <summary>Page by page where it must be: what could be copied before a fault counts.</summary>
    private static SysResult Copy(Task task, VmSpace space, in UserVector mine, iovec[] theirs, bool write)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Chunk);
        long done = 0;
        var failed = false;
        foreach (var range in theirs)
        {
            for (ulong at = 0; at < range.iov_len && done < mine.Total && !failed;)
            {
                var address = range.iov_base + at;
                var wanted = (int)Math.Min(Math.Min(range.iov_len - at, (ulong)(mine.Total - done)), write ? Page - (address % Page) : Chunk);
                var part = buffer.AsSpan(0, wanted);
                var count = write
                    ? mine.Gather(task, done, part) == Errno.OK && space.Write(address, part) == Errno.OK ? wanted : 0
                    : space.ReadSome(address, part) is > 0 and var read && mine.Scatter(task, done, part[..read]) == Errno.OK ? read : 0;
                done += count;
                at += (ulong)count;
                failed = count < wanted;
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return done > 0 || !failed ? done : Errno.EFAULT;
    }
}
