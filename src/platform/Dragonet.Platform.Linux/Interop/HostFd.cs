using System.Runtime.InteropServices;
using Dragonet.Abi;
using Microsoft.Win32.SafeHandles;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>A descriptor of the host, closed once, never while a call uses it.</summary>
internal sealed class HostFd : SafeHandleZeroOrMinusOneIsInvalid
{
    private (ulong Device, ulong Inode) _identity;

    private HostFd(nint fd)
        : base(ownsHandle: true)
        => SetHandle(fd);

    /// <summary>Takes over the descriptor.</summary>
    internal static HostFd Own(long fd) => new((nint)fd);

    /// <summary>The number; valid while the caller keeps this object alive.</summary>
    internal int Number => (int)handle;

    /// <summary>Device (major &lt;&lt; 20 | minor) and inode number, fetched once.</summary>
    internal unsafe (ulong Device, ulong Inode) Identity
    {
        get
        {
            if (_identity == default)
            {
                Span<ulong> stat = stackalloc ulong[18];
                fixed (ulong* pointer = stat)
                {
                    // SAFETY: struct stat is 144 bytes: st_dev, st_ino, …
                    if (Host.Call(Nr.fstat, handle, (long)pointer) == 0)
                    {
                        var device = stat[0];
                        var major = (device >> 8 & 0xfff) | (device >> 32 & 0xffff_f000);
                        var minor = (device & 0xff) | (device >> 12 & 0xffff_ff00);
                        _identity = (major << 20 | minor, stat[1]);
                    }
                }
            }

            return _identity;
        }
    }

    /// <summary>Keeps the descriptor open until <see cref="SafeHandle.DangerousRelease"/>; false when it is closed already.</summary>
    internal bool TryHold()
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }

        return held;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Host.Call(Nr.close, handle) == 0;
}
