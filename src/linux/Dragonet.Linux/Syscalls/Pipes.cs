using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Pipes (pipe(2)); reading, writing and fcntl(2) are those of any file.</summary>
internal static class Pipes
{
    [Syscall(Nr.pipe)]
    public static SysResult pipe(Task task, UserPtr descriptors) => pipe2(task, descriptors, OpenFlags.O_RDONLY);

    [Syscall(Nr.pipe2)]
    public static SysResult pipe2(Task task, UserPtr descriptors, OpenFlags flags)
    {
        if ((flags & ~(OpenFlags.O_CLOEXEC | OpenFlags.O_DIRECT | OpenFlags.O_NONBLOCK)) != 0)
        {
            return task.Fail(Errno.EINVAL, "unknown flag");
        }

        var kernel = task.Kernel;
        if (task.Jail.Buffers.IsExhausted)
        {
            return task.Fail(Errno.ENFILE, "pipes and sockets have all the memory they may have"); // pipe(2), the hard limit
        }

        var (reader, writer) = PipeFile.CreatePair(flags & ~OpenFlags.O_CLOEXEC, kernel.NextAnonymousInode(), kernel.Clock.RealtimeNanoseconds, task.Jail.Buffers);
        var closeOnExec = (flags & OpenFlags.O_CLOEXEC) != 0;
        if (!task.InstallFile(reader, closeOnExec).Ok(out var readFd, out var error))
        {
            writer.Release();
            return error;
        }

        if (!task.InstallFile(writer, closeOnExec).Ok(out var writeFd, out error))
        {
            _ = task.Files.Close(readFd);
            return error;
        }

        error = task.Memory.WriteArray(descriptors.Address, [readFd, writeFd]);
        if (error != Errno.OK)
        {
            _ = task.Files.Close(readFd);
            _ = task.Files.Close(writeFd);
        }

        return error;
    }
}
