using System.Text;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>Reads small files of the host's /proc.</summary>
internal static unsafe class ProcFile
{
    /// <summary>/proc/PID/NAME as Latin-1 text; empty when it is gone.</summary>
    internal static string Read(int pid, string name)
    {
        var path = Encoding.ASCII.GetBytes($"/proc/{pid}/{name}\0");
        long fd;
        fixed (byte* pointer = path)
        {
            // SAFETY: a NUL-terminated path. AT_FDCWD, O_RDONLY|O_CLOEXEC.
            fd = Host.Call(Nr.openat, -100, (long)pointer, 0x80000);
        }

        if (fd < 0)
        {
            return "";
        }

        using var file = HostFd.Own(fd);
        var buffer = new byte[16384];
        var length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            long count;
            fixed (byte* pointer = buffer)
            {
                // SAFETY: the rest of the pinned buffer.
                count = Host.Call(Nr.read, file.Number, (long)(pointer + length), buffer.Length - length);
            }

            if (count <= 0)
            {
                return Encoding.Latin1.GetString(buffer, 0, length);
            }

            length += (int)count;
        }
    }
}
