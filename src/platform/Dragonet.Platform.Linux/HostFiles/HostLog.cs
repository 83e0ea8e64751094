using System.IO;
using System.Text;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>A host file to whose end several write at once.</summary>
public static unsafe class HostLog
{
    /// <summary>
    /// Opens it with O_APPEND, which the runtime never does: it looks once where the end is. What a stream writes to the result goes to the
    /// end whatever position it names (pwrite(2), BUGS).
    /// </summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static SafeFileHandle Open(string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0"))
        {
            // SAFETY: a NUL-terminated path. AT_FDCWD; O_WRONLY|O_CREAT|O_APPEND|O_CLOEXEC; 0666.
            var number = Host.Call(Nr.openat, -100, (long)name, 1 | 0x40 | 0x400 | 0x80000, 0x1b6);
            return number >= 0 ? new SafeFileHandle((nint)number, ownsHandle: true) : throw new IOException($"{path}: {Host.ErrnoOf(number)}");
        }
    }
}
