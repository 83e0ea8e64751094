using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>openat2(2) of the host, confined to the directory.</summary>
internal static unsafe class InteropOpen
{
    private const ResolveFlags Confined = ResolveFlags.RESOLVE_BENEATH | ResolveFlags.RESOLVE_NO_SYMLINKS | ResolveFlags.RESOLVE_NO_MAGICLINKS;

    /// <summary>Opens a name in a directory; close-on-exec, never through a link, never outside.</summary>
    internal static Result<HostFd> At(int directory, string name, OpenFlags flags, uint mode = 0)
    {
        Span<byte> path = stackalloc byte[CPath.NameSize];
        CPath.Fill(name.Length == 0 ? "." : name, path);
        var how = new open_how
        {
            flags = (ulong)(uint)(flags | OpenFlags.O_CLOEXEC | OpenFlags.O_NOFOLLOW | OpenFlags.O_NOCTTY | OpenFlags.O_NONBLOCK),
            mode = mode,
            resolve = (ulong)Confined,
        };
        if ((flags & OpenFlags.O_PATH) != 0)
        {
            how.flags = (ulong)(uint)(flags | OpenFlags.O_CLOEXEC | OpenFlags.O_NOFOLLOW);
        }

        while (true)
        {
            long fd;
            fixed (byte* pointer = path)
            {
                // SAFETY: the path is NUL-terminated; the structure is the 24 bytes that the size says.
                fd = Host.Call(Nr.openat2, directory, (long)pointer, (long)(&how), sizeof(open_how));
            }

            if (fd >= 0)
            {
                return HostFd.Own(fd);
            }

            // EAGAIN: the tree changed under the walk (openat2(2)); EINTR: a signal of the runtime.
            if (Host.ErrnoOf(fd) is not (Errno.EINTR or Errno.EAGAIN) and var error)
            {
                return error;
            }
        }
    }

    /// <summary>Opens the same file anew through /proc, with other rights.</summary>
    internal static Result<HostFd> Again(int fd, OpenFlags flags)
    {
        var path = CPath.Make($"/proc/self/fd/{fd}");
        fixed (byte* pointer = path)
        {
            // SAFETY: a NUL-terminated path. AT_FDCWD.
            var result = Host.Call(Nr.openat, -100, (long)pointer, (long)(uint)(flags | OpenFlags.O_CLOEXEC));
            return result < 0 ? Host.ErrnoOf(result) : HostFd.Own(result);
        }
    }

    /// <summary>Opens a directory by its path, links followed: what the user of the library named.</summary>
    internal static Result<HostFd> Root(byte[] path)
    {
        fixed (byte* pointer = path)
        {
            // SAFETY: a NUL-terminated path. AT_FDCWD.
            var result = Host.Call(Nr.openat, -100, (long)pointer, (long)(uint)(OpenFlags.O_PATH | OpenFlags.O_DIRECTORY | OpenFlags.O_CLOEXEC));
            return result < 0 ? Host.ErrnoOf(result) : HostFd.Own(result);
        }
    }
}
