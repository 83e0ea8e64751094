using Dragonet.Abi;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>The patched executable pages of one file, at the offsets they have there, in a sealed memfd.</summary>
internal sealed unsafe class PatchedFile : IHostMappable, IDisposable
{
    private readonly HostFd _fd;
    private readonly List<(long Start, long End)> _ranges = [];
    private bool _isWhole = true;

    private PatchedFile(HostFd fd) => _fd = fd;

    /// <summary>An empty one; null when the host gives no memory.</summary>
    internal static PatchedFile? Create()
    {
        fixed (byte* name = "dragonet-code\0"u8)
        {
            // SAFETY: a NUL-terminated literal. MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC (refused before Linux 6.3, where all are executable).
            var fd = Host.Call(Nr.memfd_create, (long)name, 3 | 0x10);
            fd = fd < 0 ? Host.Call(Nr.memfd_create, (long)name, 3) : fd;
            return fd < 0 ? null : new PatchedFile(HostFd.Own(fd));
        }
    }

    /// <inheritdoc/>
    public HostFd GetFd(bool writable) => _fd;

    /// <summary>True when the copy has all of this range.</summary>
    internal bool Covers(long offset, ulong length)
    {
        foreach (var (start, end) in _ranges)
        {
            if (offset >= start && length <= (ulong)(end - start) && offset <= end - (long)length)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds a segment's pages.</summary>
    internal void Add(long offset, ReadOnlySpan<byte> pages)
    {
        fixed (byte* pointer = pages)
        {
            // SAFETY: the pinned pages.
            _isWhole &= Host.Call(Nr.pwrite64, _fd.Number, (long)pointer, pages.Length, offset) == pages.Length;
        }

        _ranges.Add((offset, offset + pages.Length));
    }

    /// <summary>Makes it immutable: a guest to which it is lent must not change the code of others (fcntl(2), F_ADD_SEALS).</summary>
    /// <returns>False, and it is gone, when the host could not keep it.</returns>
    internal bool Seal()
    {
        const int addSeals = 1033, all = 1 | 2 | 4 | 8; // SEAL, SHRINK, GROW, WRITE
        if (_isWhole && Host.Call(Nr.fcntl, _fd.Number, addSeals, all) == 0)
        {
            return true;
        }

        Dispose();
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();
}
