using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Loader;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>execve(2), execveat(2).</summary>
internal static class Exec
{
    private const int MaxString = 131072; // MAX_ARG_STRLEN
    private const int AtEmptyPath = 0x1000;
    private const int AtSymlinkNoFollow = 0x100;

    [Syscall(Nr.execve)]
    public static SysResult execve(Task task, UserString path, UserPtr arguments, UserPtr environment)
        => Run(task, new Fd(-100), path, arguments, environment, 0);

    [Syscall(Nr.execveat)]
    public static SysResult execveat(Task task, Fd directory, UserString path, UserPtr arguments, UserPtr environment, int flags)
        => (flags & ~(AtEmptyPath | AtSymlinkNoFollow)) != 0 ? Errno.EINVAL : Run(task, directory, path, arguments, environment, flags);

    private static SysResult Run(Task task, Fd directory, UserString pathArgument, UserPtr argv, UserPtr envp, int flags)
    {
        if (!pathArgument.ReadPath(task).Ok(out var path, out var error))
        {
            return error;
        }

        var budget = (long)Math.Max(Math.Min(task.Process.Limits[Rlimits.Stack].Soft / 4, 6UL << 20), 131072);
        if (!ReadStrings(task, argv, ref budget).Ok(out var arguments, out error) || !ReadStrings(task, envp, ref budget).Ok(out var environment, out error))
        {
            return error;
        }

        if (!Open(task, directory, path, flags, out var shownPath).Ok(out var file, out error))
        {
            return error;
        }

        return ProgramStart.Exec(task, file, shownPath, arguments, environment);
    }

    private static Result<OpenFile> Open(Task task, Fd directory, string path, int flags, out string shown)
    {
        shown = path;
        var walk = (flags & AtSymlinkNoFollow) != 0 ? WalkFlags.None : WalkFlags.Follow;
        var start = task.Fs.Cwd;
        if (!directory.IsCwd && !path.StartsWith('/'))
        {
            if (!task.Files.GetAny(directory.Value).Ok(out var at, out var error))
            {
                return error;
            }

            shown = path.Length == 0 ? $"/dev/fd/{directory.Value}" : $"/dev/fd/{directory.Value}/{path}";
            if (at.Path is not { } place)
            {
                return Errno.EACCES;
            }

            if (path.Length == 0)
            {
                return (flags & AtEmptyPath) == 0 ? Errno.ENOENT : task.Kernel.Vfs.OpenExecutableAt(task, place);
            }

            start = place;
        }

        return path.Length == 0 ? Errno.ENOENT : task.Kernel.Vfs.OpenExecutable(new WalkContext(task, task.Fs.Root, start), path, walk);
    }

    private static Result<List<string>> ReadStrings(Task task, UserPtr vector, ref long budget)
    {
        var strings = new List<string>();
        if (vector.IsNull)
        {
            return strings;
        }

        Span<ulong> pointers = stackalloc ulong[32];
        var near = new StringWindow(task.Memory, stackalloc byte[1024]);
        for (var address = vector.Address; ; address += 256)
        {
            var bytes = task.Memory.ReadSome(address, MemoryMarshal.AsBytes(pointers));
            for (var i = 0; i < bytes / 8; i++)
            {
                if (pointers[i] == 0)
                {
                    return strings;
                }

                if (!near.ReadString(pointers[i], MaxString, Errno.E2BIG).Ok(out var text, out var error))
                {
                    return error;
                }

                budget -= text.Length + 1 + 8;
                if (budget < 0)
                {
                    return Errno.E2BIG;
                }

                strings.Add(text);
            }

            if (bytes < 256)
            {
                return Errno.EFAULT;
            }
        }
    }
}
