using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// The kernel's side of one channel: three pages shared with the slot of one guest thread. What the guest wrote is copied once.
/// Requests are served by one host thread; the pages go when that thread does not look at them any more
/// (<see cref="ChannelServer.Retire"/>). They never serve another process: a hostile one might have kept a mapping.
/// </summary>
internal sealed unsafe partial class Channel : IUserMemory, IDisposable
{
    private readonly Lock _lock = new(); // guards the pages: a hostile guest can bring several threads to work on one channel
    private readonly byte* _pages;
    private bool _disposed;              // guarded by _lock
    private volatile bool _active;
    private GuestThread? _thread;
    private volatile GuestSpace? _space; // of the last thread
    private int _returned;
    private int _parts;
    private int _busy;

    private Channel(HostFd fd, byte* pages)
    {
        Fd = fd;
        _pages = pages;
    }

    /// <summary>The memory, to be lent to the guest.</summary>
    internal HostFd Fd { get; }

    /// <summary>Whose requests these are; null while nobody has the slot.</summary>
    internal GuestThread? Thread
    {
        get => Volatile.Read(ref _thread);
        set
        {
            Volatile.Write(ref _thread, value);
            _space = value?.GuestSpace ?? _space;
        }
    }

    /// <summary>True when a thread of ours looks at it; else guests ring.</summary>
    internal bool IsActive
    {
        get => _active;
        set
        {
            lock (_lock)
            {
                _active = value;
                if (!_disposed)
                {
                    Volatile.Write(ref Word(ChannelLayout.Active), value ? ChannelLayout.ServedAtOnce : ChannelLayout.ServedByBell);
                }
            }
        }
    }

    /// <summary>Calls that ask for much are posted, too.</summary>
    internal bool PostsMuch
    {
        get => Volatile.Read(ref Word(ChannelLayout.PostsMuch)) != 0;
        set
        {
            lock (_lock)
            {
                if (!_disposed)
                {
                    Volatile.Write(ref Word(ChannelLayout.PostsMuch), value ? 1 : 0);
                }
            }
        }
    }

    /// <summary>Its processes are gone: nobody shall look at it any more. Guarded by the lock of the <see cref="ChannelServer"/>.</summary>
    internal bool IsRetired { get; set; }

    /// <summary>The guest waited for an answer in vain and makes its call through the filter.</summary>
    internal bool IsWithdrawn => Peek() == ChannelLayout.Withdrawn;

    /// <summary>The call that rang fills a buffer, small or in the window, which the guest has found to be writable: what is written there can go with the
    /// answer, however late, which saves the host's look at the guest's page tables. Nothing else uses the pages while the guest waits.</summary>
    internal bool FillsChecked { get; private set; }

    /// <summary>What the call that rang reads, or fills, can stay in the pages while it waits.</summary>
    internal bool StaysWhileWaiting => FillsChecked || _largeLength > 0;

    /// <summary>The last request has to be made again. To be asked by the one who served it.</summary>
    internal bool IsRepeated { get; private set; }

    /// <summary>True while a request is being worked on.</summary>
    internal bool IsBusy => Volatile.Read(ref _busy) != 0;

    /// <summary>Makes one. Null when the host gives no memory.</summary>
    internal static Channel? Create()
    {
        if (Share(ChannelLayout.Size, out var pages) is not { } fd)
        {
            return null;
        }

        return new Channel(fd, pages);
    }

    /// <summary>Memory of a size that can be lent.</summary>
    private static HostFd? Share(int size, out byte* memory)
    {
        memory = null;
        long number;
        fixed (byte* name = "dragonet-channel\0"u8)
        {
            // SAFETY: a NUL-terminated literal. MFD_CLOEXEC | MFD_ALLOW_SEALING.
            number = Host.Call(Nr.memfd_create, (long)name, 3);
        }

        if (number < 0)
        {
            return null;
        }

        var fd = HostFd.Own(number);
        const int addSeals = 1033, fixedSize = 1 | 2 | 4; // SEAL, SHRINK, GROW: nobody can pull the pages from under us
        var ready = Host.Call(Nr.ftruncate, number, size) == 0 && Host.Call(Nr.fcntl, number, addSeals, fixedSize) == 0;
        var address = !ready ? -1 : Host.Call(Nr.mmap, 0, size, 3, 1, number, 0); // MAP_SHARED
        if (Host.ErrnoOf(address) != Errno.OK)
        {
            fd.Dispose();
            return null;
        }

        memory = (byte*)address;
        return fd;
    }

    /// <summary>Takes a posted request.</summary>
    internal bool TryClaim()
    {
        ref var state = ref Word(ChannelLayout.State);
        if (Volatile.Read(ref state) != ChannelLayout.Posted)
        {
            return false;
        }

        Volatile.Write(ref _busy, 1);
        if (Interlocked.CompareExchange(ref state, ChannelLayout.Claimed, ChannelLayout.Posted) == ChannelLayout.Posted)
        {
            return true;
        }

        Volatile.Write(ref _busy, 0);
        return false;
    }

    /// <summary>A notification that was sent from the bell: copies in what came along.</summary>
    /// <returns>False when there is nothing any more.</returns>
    internal bool TryRing(in SeccompNotif notification, ReadOnlySpan<byte> kinds, out SystemCall call)
    {
        lock (_lock)
        {
            call = default;
            if (_disposed)
            {
                return false;
            }

            var n = notification;
            call = new SystemCall(n.Number, n.A0, n.A1, n.A2, n.A3, n.A4, n.A5, Unsafe<ulong>(ChannelLayout.Return) + 2);
            TakeSent(Unsafe<ushort>(ChannelLayout.SentLength), kinds, call);
            return true;
        }
    }

    /// <summary>The call that rang will be answered now, or late: what it wrote so far goes to the guest.</summary>
    /// <param name="late">Not with the answer, which is not known yet.</param>
    internal void EndBell(bool late)
    {
        lock (_lock)
        {
            if (!_disposed && late)
            {
                _ = Direct();
            }
            else if (!_disposed)
            {
                Word(ChannelLayout.PartCount) = _parts;
            }
        }
    }

    /// <summary>Copies the request in.</summary>
    internal SystemCall Take(ReadOnlySpan<byte> kinds)
    {
        // SAFETY: the control page is mapped as long as this object lives.
        Span<byte> line = stackalloc byte[64];
        new ReadOnlySpan<byte>(_pages, line.Length).CopyTo(line);
        var words = MemoryMarshal.Cast<byte, ulong>(line)[(ChannelLayout.Arguments / 8)..];
        var number = BinaryPrimitives.ReadUInt16LittleEndian(line[ChannelLayout.Number..]);
        var after = BinaryPrimitives.ReadUInt64LittleEndian(line[ChannelLayout.Return..]) + 2;
        var call = new SystemCall(number, words[0], words[1], words[2], words[3], words[4], words[5], after);
        TakeSent(BinaryPrimitives.ReadUInt16LittleEndian(line[ChannelLayout.SentLength..]), kinds, call);
        return call;
    }

    /// <summary>Answers.</summary>
    /// <param name="result">What the call returns.</param>
    /// <param name="hold">The thread was interrupted: it sees the answer in its trap, so that no code runs between the call and a
    /// signal that is pending at its end.</param>
    internal void Finish(long result, bool hold)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            Unsafe<long>(ChannelLayout.Result) = result;
            Word(ChannelLayout.PartCount) = _parts;
            Leave(hold ? ChannelLayout.Held : ChannelLayout.Idle);
        }
    }

    /// <summary>Has the guest make the call through the filter.</summary>
    internal void Repeat()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                Leave(ChannelLayout.Repeat);
            }
        }
    }

    /// <inheritdoc/>
    public Errno Write(ulong address, ReadOnlySpan<byte> source)
    {
        lock (_lock)
        {
            if (!_disposed && TryWriteLarge(address, source))
            {
                return Errno.OK;
            }

            if (_disposed || source.Length > ChannelLayout.Capacity - _returned || _parts == ChannelLayout.MaxParts)
            {
                return Direct().Write(address, source);
            }

            // SAFETY: within the third shared page, by the check above.
            source.CopyTo(new Span<byte>(_pages + 0x2000 + _returned, source.Length));
            AddPart(address, _returned, source.Length);
            _returned += source.Length;
            return Errno.OK;
        }
    }

    private void AddPart(ulong address, int offset, int length)
    {
        _largeEnd = 0;
        var part = new Span<byte>(_pages + ChannelLayout.Parts + (_parts++ * 16), 16);
        BinaryPrimitives.WriteUInt64LittleEndian(part, address);
        BinaryPrimitives.WriteInt32LittleEndian(part[8..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(part[12..], length);
    }

    /// <summary>For a guest thread that was interrupted at the stub's code: lets <paramref name="look"/> use the pages, if they are
    /// still there.</summary>
    internal bool Inspect(Func<Channel, bool> look)
    {
        lock (_lock)
        {
            return !_disposed && look(this);
        }
    }

    /// <summary>Within <see cref="Inspect"/>: takes a posted request back, or sees how far it is.</summary>
    /// <returns>True when the call is done and its answer stands in the pages, false when it was not begun; null while it is worked on.</returns>
    internal bool? Settle()
    {
        ref var state = ref Word(ChannelLayout.State);
        while (true)
        {
            switch (Volatile.Read(ref state))
            {
                case ChannelLayout.Idle:
                    return true;
                case ChannelLayout.Held:
                    _ = Interlocked.CompareExchange(ref state, ChannelLayout.Idle, ChannelLayout.Held);
                    break;
                case ChannelLayout.Posted:
                    if (Interlocked.CompareExchange(ref state, ChannelLayout.Withdrawn, ChannelLayout.Posted) == ChannelLayout.Posted)
                    {
                        return false;
                    }

                    break;
                case ChannelLayout.Claimed when IsBusy:
                    return null;
                case ChannelLayout.Claimed when Volatile.Read(ref state) != ChannelLayout.Claimed:
                    break;
                default:
                    // Repeat, Withdrawn; or claimed by nobody: the guest has written the word itself.
                    return false;
            }
        }
    }

    /// <summary>What the guest's identity calls answer.</summary>
    internal void SetIdentity(ReadOnlySpan<long> words)
    {
        lock (_lock)
        {
            for (var i = 0; i < ChannelLayout.IdentityWords && !_disposed; i++)
            {
                Volatile.Write(ref Unsafe<long>(ChannelLayout.Identity + (i * 8)), words[i]);
            }
        }
    }

    /// <summary>Within <see cref="Inspect"/>: a saved argument, the return address or the number, as the stub put it there.</summary>
    internal ulong Saved(int offset) => offset == ChannelLayout.Number ? Unsafe<ushort>(offset) : Unsafe<ulong>(offset);

    /// <summary>Writes the pieces of a finished call where they belong, for a thread that did not come to it.</summary>
    internal Errno Deliver(GuestSpace space)
    {
        Span<byte> copy = stackalloc byte[ChannelLayout.Capacity];
        var count = Math.Clamp(Word(ChannelLayout.PartCount), 0, ChannelLayout.MaxParts);
        for (var i = 0; i < count; i++)
        {
            var part = new ReadOnlySpan<byte>(_pages + ChannelLayout.Parts + (i * 16), 16);
            var address = BinaryPrimitives.ReadUInt64LittleEndian(part);
            var offset = BinaryPrimitives.ReadInt32LittleEndian(part[8..]);
            if (FindInWindow(offset, BinaryPrimitives.ReadInt32LittleEndian(part[12..]), out var large))
            {
                if (space.Write(address, large) != Errno.OK)
                {
                    return Errno.EFAULT;
                }

                continue;
            }

            offset = Math.Clamp(offset, 0, ChannelLayout.Capacity);
            var length = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(part[12..]), 0, ChannelLayout.Capacity - offset);
            new ReadOnlySpan<byte>(_pages + 0x2000 + offset, length).CopyTo(copy);
            if (space.Write(address, copy[..length]) != Errno.OK)
            {
                return Errno.EFAULT;
            }
        }

        return Errno.OK;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _disposed = true;
                _ = Host.Call(Nr.munmap, (long)_pages, ChannelLayout.Size);
                Fd.Dispose();
                DisposeWindow();
            }
        }
    }

    private void Leave(int newState)
    {
        ref var state = ref Word(ChannelLayout.State);
        IsRepeated = newState == ChannelLayout.Repeat;
        _ = Interlocked.Exchange(ref state, newState);
        Volatile.Write(ref _busy, 0);
        if (Volatile.Read(ref Word(ChannelLayout.Waiting)) != 0)
        {
            fixed (int* pointer = &state)
            {
                // SAFETY: a futex word in the shared page. FUTEX_WAKE of all.
                _ = Host.Call(Nr.futex, (long)pointer, 1, int.MaxValue);
            }
        }
    }

    private int Peek()
    {
        lock (_lock)
        {
            return _disposed ? ChannelLayout.Idle : Volatile.Read(ref Word(ChannelLayout.State));
        }
    }

    /// <summary>The guest's memory itself, with everything in it that was written so far.</summary>
    private GuestSpace Direct()
    {
        var space = _space!; // nobody asks before there was a thread
        lock (_lock)
        {
            if (_parts > 0 && !_disposed)
            {
                Word(ChannelLayout.PartCount) = _parts;
                _ = Deliver(space);
                Word(ChannelLayout.PartCount) = 0;
                _parts = 0;
                _returned = 0;
                _largeEnd = 0;
            }
        }

        return space;
    }

    private ref int Word(int offset) => ref Unsafe<int>(offset);

    // SAFETY: offsets are the constants of ChannelLayout, all within the mapped pages.
    private ref T Unsafe<T>(int offset)
        where T : unmanaged
        => ref *(T*)(_pages + offset);
}
