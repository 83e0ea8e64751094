using Dragonet.Abi;
using Microsoft.Win32.SafeHandles;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>The beginning of a memory file, mapped to be read. It is unmapped once, never while somebody reads. Thread-safe.</summary>
internal sealed unsafe class HostView : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly HostBudget _budget;

    private HostView(nint address, long length, HostBudget budget)
        : base(ownsHandle: true)
    {
        SetHandle(address);
        (Length, _budget) = (length, budget);
    }

    /// <summary>Bytes; they may be more than the file has.</summary>
    internal long Length { get; }

    /// <summary>Maps it; null when the host has no room, or there are enough.</summary>
    internal static HostView? Map(HostFd file, long length, HostBudget budget)
    {
        if (!budget.TryTake())
        {
            return null;
        }

        var address = Host.Call(Nr.mmap, 0, length, 1, 1, file.Number, 0); // PROT_READ, MAP_SHARED
        if (Host.ErrnoOf(address) == Errno.OK)
        {
            return new HostView((nint)address, length, budget);
        }

        budget.Give();
        return null;
    }

    /// <summary>Copies a range, all of which the file has.</summary>
    /// <returns>False when the view does not reach so far, or is unmapped already.</returns>
    internal bool TryRead(long offset, Span<byte> destination)
    {
        if (offset < 0 || offset > Length - destination.Length)
        {
            return false;
        }

        var held = false;
        try
        {
            DangerousAddRef(ref held);
            // SAFETY: within the mapping, by the check above; the caller vouches for the file's size, and the reference for the mapping.
            new ReadOnlySpan<byte>((byte*)handle + offset, destination.Length).CopyTo(destination);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            if (held)
            {
                DangerousRelease();
            }
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        _budget.Give();
        return Host.Call(Nr.munmap, handle, Length) == 0;
    }
}
