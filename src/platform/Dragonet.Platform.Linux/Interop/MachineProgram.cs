using System.Runtime.InteropServices;
using System.Text;
using Dragonet.Abi;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>Starts programs that are made here, in memory: a process that holds a few pages of machine code, and one socket to us.</summary>
internal static unsafe partial class MachineProgram
{
    /// <summary>Starts an ELF file.</summary>
    /// <param name="image">Its bytes.</param>
    /// <param name="title">What it is called in a list of processes.</param>
    /// <param name="number">The descriptor as which it finds its end of the socket.</param>
    /// <param name="ownSession">Signals of the host's terminal do not reach it.</param>
    /// <returns>Its pid, and our end.</returns>
    internal static (int Pid, HostFd Socket) Start(byte[] image, string title, int number, bool ownSession = true)
    {
        using var file = MakeMemFile(image, title);
        Span<int> pair = stackalloc int[2];
        fixed (int* pointer = pair)
        {
            // SAFETY: two ints. AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC.
            Check(Host.Call(Nr.socketpair, 1, 5 | 0x80000, 0, (long)pointer), "socketpair");
        }

        using var theirs = HostFd.Own(pair[1]);
        var ours = HostFd.Own(pair[0]);
        return (Spawn($"/proc/self/fd/{file.Number}", title, theirs.Number, number, ownSession), ours);
    }

    /// <summary>Takes a message of eight bytes with a descriptor (unix(7), SCM_RIGHTS); null when there is none with it.</summary>
    internal static HostFd? Receive(HostFd socket, out long payload, out Errno error)
    {
        Span<byte> bytes = stackalloc byte[8];
        Span<byte> control = stackalloc byte[32];
        Span<long> header = stackalloc long[7];
        bytes.Clear();
        control.Clear();
        fixed (byte* data = bytes)
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
            var count = Host.Call(Nr.recvmsg, socket.Number, (long)message, 0x4000_0000);
            payload = MemoryMarshal.Read<long>(bytes);
            var received = count == 8 && message[5] >= 20 ? HostFd.Own(MemoryMarshal.Read<int>(control[16..])) : null;
            error = count < 0 ? Host.ErrnoOf(count) : received is null ? Errno.EBADF : Errno.OK;
            return received;
        }
    }

    private static HostFd MakeMemFile(byte[] image, string title)
    {
        HostFd file;
        fixed (byte* name = Encoding.ASCII.GetBytes(title + "\0"))
        {
            // SAFETY: a NUL-terminated name. MFD_CLOEXEC | MFD_EXEC (refused before Linux 6.3, where all memfds are executable).
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

    private static int Spawn(string path, string title, int socket, int number, bool ownSession)
    {
        // Larger than glibc's posix_spawn_file_actions_t (80 bytes) and posix_spawnattr_t (336 bytes).
        var actions = stackalloc nint[64];
        var attributes = stackalloc nint[64];
        int pid;
        fixed (byte* name = Encoding.ASCII.GetBytes(path + "\0"))
        fixed (byte* titleBytes = Encoding.ASCII.GetBytes(title + "\0"))
        {
            var argv = stackalloc byte*[] { titleBytes, null };
            var envp = stackalloc byte*[] { null };
            // SAFETY: all structures live on this stack frame until posix_spawn returns.
            Require(FileActionsInit(actions), title);
            Require(FileActionsAddDup2(actions, socket, number), title);
            Require(AttributesInit(attributes), title);
            Require(AttributesSetFlags(attributes, (short)(ownSession ? 0x80 : 0)), title); // POSIX_SPAWN_SETSID
            Require(PosixSpawn(&pid, name, actions, attributes, argv, envp), title);
            _ = FileActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
        }

        return pid;
    }

    private static void Require(int error, string title)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"the host could not start {title}: {(Errno)error}");
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
