using System.Runtime.InteropServices;
using System.Text;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>The process that every guest process is a clone of. It holds the stub and nothing else, and never runs guest code.</summary>
internal sealed unsafe partial class Zygote : IDisposable
{
    private readonly HostFd _socket;

    private Zygote(int pid, HostFd socket)
    {
        Pid = pid;
        _socket = socket;
    }

    /// <summary>Host pid.</summary>
    internal int Pid { get; }

    /// <summary>Where new children report.</summary>
    internal HostFd Socket => _socket;

    /// <summary>Starts it. The calling thread must live as long as the kernel: the host kills the zygote when it ends.</summary>
    internal static Zygote Start(bool strict, ChannelCode? channels)
    {
        var flags = Seccomp.FilterNewListener | Seccomp.FilterSpecAllow | Seccomp.FilterWaitKillable;
        var image = StubImage.Build((int)Host.Call(Nr.getpid), strict, flags, channels);
        var file = MakeMemFile(image);
        Span<int> pair = stackalloc int[2];
        fixed (int* pointer = pair)
        {
            // SAFETY: two ints. AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC.
            Check(Host.Call(Nr.socketpair, 1, 5 | 0x80000, 0, (long)pointer), "socketpair");
        }

        using var theirs = HostFd.Own(pair[1]);
        var pid = Spawn($"/proc/self/fd/{file.Number}", theirs.Number);
        file.Dispose();
        return new Zygote(pid, HostFd.Own(pair[0]));
    }

    /// <summary>Asks for one more blank child.</summary>
    internal void Request()
    {
        byte one = 1;
        // SAFETY: one byte on the stack. MSG_NOSIGNAL.
        _ = Host.Call(Nr.sendto, _socket.Number, (long)&one, 1, 0x4000, 0, 0);
    }

    /// <summary>Takes the report of a new child: its pid and its listener.</summary>
    internal bool TakeChild(out int pid, out HostFd? listener, out Errno error)
    {
        Span<byte> payload = stackalloc byte[8];
        Span<byte> control = stackalloc byte[32];
        Span<long> header = stackalloc long[7];
        payload.Clear();
        control.Clear();
        fixed (byte* data = payload)
        fixed (byte* ancillary = control)
        fixed (long* message = header)
        {
            var vector = new IoVec((ulong)data, 8);
            header.Clear();
            message[2] = (long)&vector;
            message[3] = 1;
            message[4] = (long)ancillary;
            message[5] = control.Length;
            // SAFETY: struct msghdr and all it points to are on this stack frame. MSG_CMSG_CLOEXEC.
            var count = Host.Call(Nr.recvmsg, _socket.Number, (long)message, 0x4000_0000);
            pid = MemoryMarshal.Read<int>(payload);
            var hasFd = message[5] >= 20;
            listener = count == 8 && hasFd ? HostFd.Own(MemoryMarshal.Read<int>(control[16..])) : null;
            error = count < 0 ? Host.ErrnoOf(count) : listener is null ? Errno.EBADF : Errno.OK;
            return listener is not null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static HostFd MakeMemFile(byte[] image)
    {
        HostFd file;
        fixed (byte* name = "dragonet-stub\0"u8)
        {
            // SAFETY: a NUL-terminated literal. MFD_CLOEXEC | MFD_EXEC (refused before Linux 6.3, where all memfds are executable).
            var fd = Host.Call(Nr.memfd_create, (long)name, 1 | 0x10);
            fd = fd < 0 ? Host.Call(Nr.memfd_create, (long)name, 1) : fd;
            Check(fd, "memfd_create");
            file = HostFd.Own(fd);
        }

        fixed (byte* data = image)
        {
            // SAFETY: the pinned image.
            Check(Host.Call(Nr.write, file.Number, (long)data, image.Length), "write");
        }

        return file;
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    private static partial int PosixSpawn(int* pid, byte* path, nint* actions, nint* attributes, byte** argv, byte** envp);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int FileActionsInit(nint* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int FileActionsAddDup2(nint* actions, int fd, int newFd);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int FileActionsDestroy(nint* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(nint* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int AttributesSetFlags(nint* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(nint* attributes);

    private static int Spawn(string path, int socket)
    {
        // Larger than glibc's posix_spawn_file_actions_t (80 bytes) and posix_spawnattr_t (336 bytes).
        var actions = stackalloc nint[64];
        var attributes = stackalloc nint[64];
        var pathBytes = Encoding.ASCII.GetBytes(path + "\0");
        int pid;
        fixed (byte* name = pathBytes)
        fixed (byte* title = "dragonet-guest\0"u8)
        {
            var argv = stackalloc byte*[] { title, null };
            var envp = stackalloc byte*[] { null };
            // SAFETY: all structures live on this stack frame until posix_spawn returns.
            Require(FileActionsInit(actions));
            Require(FileActionsAddDup2(actions, socket, StubLayout.SocketFd));
            Require(AttributesInit(attributes));
            Require(AttributesSetFlags(attributes, 0x80)); // POSIX_SPAWN_SETSID: signals of the host's terminal do not reach guests
            Require(PosixSpawn(&pid, name, actions, attributes, argv, envp));
            _ = FileActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
        }

        return pid;
    }

    private static void Require(int error)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"the host could not start the guest zygote: {(Errno)error}");
        }
    }

    private static void Check(long result, string what)
    {
        if (result < 0)
        {
            throw new InvalidOperationException($"{what}: {Host.ErrnoOf(result)}");
        }
    }
}
