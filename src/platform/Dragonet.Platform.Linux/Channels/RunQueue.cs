using System.Text;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>How many threads of the host want to run now (proc(5), the fourth field of /proc/loadavg).</summary>
internal sealed unsafe class RunQueue
{
    private readonly HostFd? _file;

    internal RunQueue()
    {
        fixed (byte* path = "/proc/loadavg\0"u8)
        {
            // SAFETY: a NUL-terminated literal. AT_FDCWD, O_RDONLY|O_CLOEXEC.
            var fd = Host.Call(Nr.openat, -100, (long)path, 0x80000);
            _file = fd < 0 ? null : HostFd.Own(fd);
        }
    }

    /// <summary>The number, the caller included; a large one where the host does not say.</summary>
    internal int Length
    {
        get
        {
            if (_file is null)
            {
                return int.MaxValue;
            }

            Span<byte> text = stackalloc byte[64];
            long count;
            fixed (byte* pointer = text)
            {
                // SAFETY: 64 bytes on the stack.
                count = Host.Call(Nr.pread64, _file.Number, (long)pointer, 64, 0);
            }

            // "0.20 0.18 0.12 1/80 11206"
            var line = text[..(int)Math.Max(count, 0)];
            for (var i = 0; i < 3; i++)
            {
                line = line[(line.IndexOf((byte)' ') + 1)..];
            }

            var slash = line.IndexOf((byte)'/');
            return slash > 0 && int.TryParse(Encoding.ASCII.GetString(line[..slash]), out var length) ? length : int.MaxValue;
        }
    }
}
