using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>flock(2) of the host that waits: the runtime's own only tries.</summary>
public static class HostLock
{
    /// <summary>Waits until the file is nobody else's, and takes it until it is closed.</summary>
    public static void Take(SafeFileHandle file) => Wait(file, exclusive: true);

    /// <summary>Waits until nobody has the file for himself.</summary>
    public static void WaitForRelease(SafeFileHandle file) => Wait(file, exclusive: false);

    private static void Wait(SafeFileHandle file, bool exclusive)
    {
        const int shared = 1, alone = 2;
        long result;
        do
        {
            result = Host.Call(Nr.flock, file.DangerousGetHandle(), exclusive ? alone : shared);
        }
        while (Host.ErrnoOf(result) == Errno.EINTR);

        GC.KeepAlive(file);
        if (result != 0)
        {
            throw new InvalidOperationException($"flock: {Host.ErrnoOf(result)}");
        }
    }
}
