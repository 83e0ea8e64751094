using System.Text;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>
/// A host file of which one process has the lock (flock(2)), and for which others wait. The runtime's own file locks only try, and it
/// refuses to open what somebody has locked.
/// </summary>
public sealed unsafe class HostLock : IDisposable
{
    private const int Shared = 1, Exclusive = 2;

    private readonly HostFd _file;

    private HostLock(HostFd file) => _file = file;

    /// <summary>Waits until the file is nobody else's, and has it until it is disposed or the process ends.</summary>
    /// <exception cref="InvalidOperationException">The file cannot be opened or locked.</exception>
    public static HostLock Take(string path) => new(Open(path, Exclusive));

    /// <summary>Waits until nobody has the file.</summary>
    /// <exception cref="InvalidOperationException">The file cannot be opened or locked.</exception>
    public static void WaitForRelease(string path) => Open(path, Shared).Dispose();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static HostFd Open(string path, int operation)
    {
        long number;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            // SAFETY: a NUL-terminated path. AT_FDCWD; O_RDWR|O_CREAT|O_CLOEXEC.
            number = Check(Host.Call(Nr.openat, -100, (long)name, 2 | 0x40 | 0x80000, 0x180), path);
        }

        var file = HostFd.Own(number);
        long result;
        do
        {
            result = Host.Call(Nr.flock, number, operation);
        }
        while (Host.ErrnoOf(result) == Errno.EINTR);

        _ = Check(result, path);
        return file;
    }

    private static long Check(long result, string path)
        => result >= 0 ? result : throw new InvalidOperationException($"{path}: {Host.ErrnoOf(result)}");
}
