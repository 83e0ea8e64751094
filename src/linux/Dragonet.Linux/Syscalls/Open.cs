using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Opening and closing files (open(2), openat2(2), close(2)).</summary>
internal static class Open
{
    private const OpenFlags Known = OpenFlags.O_ACCMODE | OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOCTTY | OpenFlags.O_TRUNC | OpenFlags.O_APPEND
        | OpenFlags.O_NONBLOCK | OpenFlags.O_SYNC | OpenFlags.O_ASYNC | OpenFlags.O_DIRECT | OpenFlags.O_LARGEFILE | OpenFlags.O_DIRECTORY
        | OpenFlags.O_NOFOLLOW | OpenFlags.O_NOATIME | OpenFlags.O_CLOEXEC | OpenFlags.O_PATH | OpenFlags.O_TMPFILE;

    [Syscall(Nr.open)]
    public static SysResult open(Task task, UserString path, OpenFlags flags, uint mode) => openat(task, new Fd(-100), path, flags, mode);

    [Syscall(Nr.creat)]
    public static SysResult creat(Task task, UserString path, uint mode)
        => openat(task, new Fd(-100), path, OpenFlags.O_CREAT | OpenFlags.O_WRONLY | OpenFlags.O_TRUNC, mode);

    [Syscall(Nr.openat)]
    public static SysResult openat(Task task, Fd directory, UserString path, OpenFlags flags, uint mode)
        => Run(task, directory, path, new OpenRequest(flags & Known, mode & StatMode.S_IALLUGO));

    [Syscall(Nr.openat2)]
    public static SysResult openat2(Task task, Fd directory, UserString path, UserPtr how, ulong size)
    {
        if (size < 24)
        {
            return Errno.EINVAL;
        }

        if (size > 4096)
        {
            return Errno.E2BIG;
        }

        var bytes = new byte[size];
        var error = task.Memory.Read(how.Address, bytes);
        if (error != Errno.OK)
        {
            return error;
        }

        if (bytes.AsSpan(24).ContainsAnyExcept((byte)0))
        {
            return Errno.E2BIG;
        }

        var arguments = MemoryMarshal.Read<open_how>(bytes);
        var flags = (OpenFlags)arguments.flags;
        var creates = (flags & (OpenFlags.O_CREAT | OpenFlags.__O_TMPFILE)) != 0;
        const ResolveFlags resolvable = ResolveFlags.RESOLVE_NO_XDEV | ResolveFlags.RESOLVE_NO_MAGICLINKS | ResolveFlags.RESOLVE_NO_SYMLINKS
            | ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_IN_ROOT | ResolveFlags.RESOLVE_CACHED;
        var resolve = (ResolveFlags)arguments.resolve;
        if (arguments.flags > uint.MaxValue || (flags & ~Known) != 0 || (resolve & ~resolvable) != 0
            || (creates ? arguments.mode > StatMode.S_IALLUGO : arguments.mode != 0)
            || ((flags & OpenFlags.O_PATH) != 0 && (flags & ~(OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_NOFOLLOW | OpenFlags.O_CLOEXEC)) != 0)
            || (resolve & (ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_IN_ROOT)) == (ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_IN_ROOT))
        {
            return Errno.EINVAL;
        }

        if ((resolve & ResolveFlags.RESOLVE_CACHED) != 0)
        {
            // What is cached is not for guests to know; callers fall back to a plain open.
            return Errno.EAGAIN;
        }

        var walk = ((resolve & ResolveFlags.RESOLVE_NO_XDEV) != 0 ? WalkFlags.NoCrossing : 0)
            | ((resolve & ResolveFlags.RESOLVE_NO_MAGICLINKS) != 0 ? WalkFlags.NoMagicLinks : 0)
            | ((resolve & ResolveFlags.RESOLVE_NO_SYMLINKS) != 0 ? WalkFlags.NoSymbolicLinks | WalkFlags.NoMagicLinks : 0)
            | ((resolve & ResolveFlags.RESOLVE_BENEATH) != 0 ? WalkFlags.Beneath : 0)
            | ((resolve & ResolveFlags.RESOLVE_IN_ROOT) != 0 ? WalkFlags.InRoot : 0);
        return Run(task, directory, path, new OpenRequest(flags, (uint)arguments.mode, walk));
    }

    [Syscall(Nr.close)]
    public static SysResult close(Task task, Fd fd)
    {
        if (task.CallState is SocketFile known)
        {
            return Linger.Wait(task, known, 0);
        }

        var closed = task.Files.GetAny(fd.Value).Ok(out var file) ? file : null;
        if (Linger.MustRepeat(task, closed))
        {
            return task.WaitForSignal();
        }

        var error = task.Files.Close(fd.Value);
        return error == Errno.OK ? Linger.Wait(task, closed, 0) : error;
    }

    [Syscall(Nr.close_range)]
    public static SysResult close_range(Task task, uint first, uint last, uint flags)
    {
        const uint CLOSE_RANGE_UNSHARE = 2;
        const uint CLOSE_RANGE_CLOEXEC = 4;
        if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0 || first > last)
        {
            return Errno.EINVAL;
        }

        if ((flags & CLOSE_RANGE_UNSHARE) != 0)
        {
            task.UnshareFiles();
        }

        foreach (var fd in task.Files.List())
        {
            if ((uint)fd < first || (uint)fd > last)
            {
                continue;
            }

            _ = (flags & CLOSE_RANGE_CLOEXEC) != 0 ? task.Files.SetCloseOnExec(fd, true) : task.Files.Close(fd);
        }

        return 0;
    }

    private static SysResult Run(Task task, Fd directory, UserString path, in OpenRequest request)
    {
        var closeOnExec = (request.Flags & OpenFlags.O_CLOEXEC) != 0;
        if (task.CallState is PendingOpen known)
        {
            return Finish(task, known, closeOnExec);
        }

        if (!path.ReadPath(task).Ok(out var text, out var error) || !task.Context(directory, text).Ok(out var context, out error))
        {
            return error;
        }

        if (!task.Kernel.Vfs.Open(context, text, request).Ok(out var file, out error))
        {
            return error;
        }

        if (file is PendingOpen pending)
        {
            task.CallState = pending;
            return Finish(task, pending, closeOnExec);
        }

        return task.Install(file, closeOnExec);
    }

    private static SysResult Finish(Task task, PendingOpen pending, bool closeOnExec)
        => pending.IsReady ? task.Install(pending.Complete(), closeOnExec) : task.WaitOn(pending.Queue);
}
