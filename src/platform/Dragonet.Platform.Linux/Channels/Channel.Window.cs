using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// More shared memory, for a thread that reads and writes much at once: the guest copies between it and its buffers, the kernel between it and
/// what is open. Two copies in caches cost less than the host's way through the page tables of another process.
/// </summary>
internal sealed unsafe partial class Channel
{
    private HostBudget? _windows;  // guarded by _lock; where the window goes back to
    private HostFd? _windowFd;       // guarded by _lock
    private byte* _window;           // guarded by _lock; null: there is none
    private int _windowOffset;       // guarded by _lock; as in the pieces of an answer
    private ulong _largeAddress;     // guarded by _lock; the buffer of the call in the guest
    private int _largeStart;         // guarded by _lock; the last piece of the answer, when it is in the window
    private int _largeEnd;           // guarded by _lock; its end; 0: it is not
    private int _largeLength;        // how much of it is in the window; 0: it is not there

    /// <summary>Makes the window.</summary>
    /// <returns>The memory, to be lent to the guest; null when there are enough windows.</returns>
    internal HostFd? MakeWindow(HostBudget windows, int slot)
    {
        lock (_lock)
        {
            if (_disposed || _window is not null || !windows.TryTake())
            {
                return null;
            }

            _windowFd = Share(ChannelLayout.WindowSize, out _window);
            if (_windowFd is null)
            {
                windows.Give();
                return null;
            }

            (_windows, _windowOffset) = (windows, ChannelLayout.WindowOffset(slot));
            return _windowFd;
        }
    }

    /// <summary>The guest has the window, too, at this address; 0: it has not.</summary>
    internal void OpenWindow(ulong address)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            if (address == 0)
            {
                DisposeWindow();
            }

            Volatile.Write(ref Unsafe<ulong>(ChannelLayout.Window), address);
        }
    }

    /// <summary>A call whose buffer is in the window, as the guest says.</summary>
    private bool TakeLarge(ushort length, ReadOnlySpan<byte> kinds, in SystemCall call)
    {
        lock (_lock)
        {
            var isLarge = length == ChannelLayout.InWindow && _window is not null && ChannelCalls.FitsWindow(kinds, call.Number, call.A2);
            (_largeAddress, _largeLength, _largeEnd) = isLarge ? (call.A1, (int)call.A2, 0) : default;
            return isLarge;
        }
    }

    /// <summary>Where a part of the call's buffer is in the window; null when it is not, or not all of it.</summary>
    private Span<byte> FindLarge(ulong address, int length)
    {
        var (start, size) = (address - _largeAddress, _largeLength);
        if (_disposed || _window is null || length == 0 || start >= (ulong)size || length > size - (int)start)
        {
            return default;
        }

        // SAFETY: a size is never more than that of the window, which is mapped until this object is disposed.
        return new Span<byte>(_window, ChannelLayout.WindowSize).Slice((int)start, length);
    }

    private bool TryReadLarge(ulong address, Span<byte> destination)
    {
        if (_largeLength == 0 || FillsChecked)
        {
            return false;
        }

        lock (_lock)
        {
            var source = FindLarge(address, destination.Length);
            source.CopyTo(destination);
            return !source.IsEmpty;
        }
    }

    /// <summary>Within the lock: what is written goes with the answer.</summary>
    private bool TryWriteLarge(ulong address, ReadOnlySpan<byte> source)
    {
        var target = FillsChecked ? FindLarge(address, source.Length) : default;
        if (target.IsEmpty)
        {
            return false;
        }

        var offset = _windowOffset + (int)(address - _largeAddress);
        if (_parts > 0 && _largeEnd == offset)
        {
            // The same piece, longer.
            BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(_pages + ChannelLayout.Parts + ((_parts - 1) * 16) + 12, 4), offset + source.Length - _largeStart);
        }
        else if (_parts < ChannelLayout.MaxParts)
        {
            AddPart(address, offset, source.Length);
            _largeStart = offset;
        }
        else
        {
            return false;
        }

        source.CopyTo(target);
        _largeEnd = offset + source.Length;
        return true;
    }

    /// <summary>Within the lock: what a piece of an answer, as the pages have it, is in the window.</summary>
    private bool FindInWindow(int offset, int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (_window is null || _windowOffset == 0 || offset < _windowOffset || offset - _windowOffset >= ChannelLayout.WindowSize)
        {
            return false;
        }

        // SAFETY: the window, which is mapped until this object is disposed.
        var start = offset - _windowOffset;
        bytes = new ReadOnlySpan<byte>(_window, ChannelLayout.WindowSize).Slice(start, Math.Clamp(length, 0, ChannelLayout.WindowSize - start));
        return true;
    }

    private void DisposeWindow()
    {
        if (_window is not null)
        {
            _ = Host.Call(Nr.munmap, (long)_window, ChannelLayout.WindowSize);
            _window = null;
            _largeLength = 0;
            _windowFd?.Dispose();
            _windows?.Give();
        }
    }
}
