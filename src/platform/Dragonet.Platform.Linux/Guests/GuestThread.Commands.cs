using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>What a stopped thread's stub does for the kernel: host calls that only the process itself can make.</summary>
internal sealed partial class GuestThread
{
    /// <summary>Number of the first descriptor lent for a batch.</summary>
    private const int LentFd = 900;

    /// <summary>Calls that fit in a slot's command page.</summary>
    private const int MostCommands = 48;

    /// <inheritdoc/>
    public override Result<ulong> Map(ulong address, ulong length, VmProt protection, VmMapFlags flags, IMemoryBacking? backing, long offset)
    {
        var command = new (long Number, long A0, long A1, long A2, long A3, long A4, long A5)[2];
        var lent = new List<HostFd>(1);
        var error = Prepare(new VmMapping(address, length, protection, flags, backing, offset), lent, out command[0]);
        if (error != Errno.OK)
        {
            return error;
        }

        command[1] = ((long)Nr.close, LentFd, 0, 0, 0, 0, 0);
        return Run(command.AsSpan(0, 1 + lent.Count));
    }

    /// <inheritdoc/>
    public override Errno MapAll(ReadOnlySpan<VmMapping> mappings)
    {
        var commands = new (long Number, long A0, long A1, long A2, long A3, long A4, long A5)[MostCommands];
        var lent = new List<HostFd>();
        while (!mappings.IsEmpty)
        {
            lent.Clear();
            var count = 0;
            for (; count < mappings.Length && count + lent.Count + 2 <= MostCommands; count++)
            {
                var error = Prepare(mappings[count] with { Flags = mappings[count].Flags | VmMapFlags.Fixed }, lent, out commands[count]);
                if (error != Errno.OK)
                {
                    return error;
                }
            }

            for (var i = 0; i < lent.Count; i++)
            {
                commands[count + i] = ((long)Nr.close, LentFd + i, 0, 0, 0, 0, 0);
            }

            if (!Run(commands.AsSpan(0, count + lent.Count)).Ok(out _, out var failed))
            {
                return failed;
            }

            mappings = mappings[count..];
        }

        return Errno.OK;
    }

    /// <summary>Lends what a mapping needs, once for all of a batch, and gives its mmap.</summary>
    private Errno Prepare(in VmMapping mapping, List<HostFd> lent, out (long Number, long A0, long A1, long A2, long A3, long A4, long A5) command)
    {
        var (address, length, protection, flags, backing, offset) = mapping;
        long hostFlags = (flags & VmMapFlags.Shared) != 0 ? 1L : 2;
        hostFlags |= (flags & VmMapFlags.Fixed) == 0 ? 0L : (flags & VmMapFlags.NoReplace) != 0 ? 0x100000L : 0x10L;
        hostFlags |= (flags & VmMapFlags.GrowsDown) != 0 ? 0x100L : 0L;
        hostFlags |= (flags & VmMapFlags.NoReserve) != 0 ? 0x4000L : 0L;
        command = ((long)Nr.mmap, (long)address, (long)length, (long)protection, hostFlags | 0x20, -1, 0);
        if (backing is null)
        {
            return Errno.OK;
        }

        if (backing is not IHostMappable mappable)
        {
            return Errno.ENODEV;
        }

        var writable = (flags & VmMapFlags.Shared) != 0 && (protection & VmProt.Write) != 0;
        if ((flags & VmMapFlags.Shared) == 0 && (protection & (VmProt.Exec | VmProt.Write)) == VmProt.Exec)
        {
            mappable = space.Platform.Patches?.Find(mappable, offset, length) ?? mappable;
        }

        var fd = mappable.GetFd(writable);
        var index = lent.IndexOf(fd);
        if (index < 0)
        {
            index = lent.Count;
            var error = space.Listener.Lend(_notification, fd, LentFd + index);
            if (error != Errno.OK)
            {
                return error;
            }

            lent.Add(fd);
            space.Platform.Remember(backing, mappable);
        }

        command = ((long)Nr.mmap, (long)address, (long)length, (long)protection, hostFlags, LentFd + index, offset);
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno Unmap(ulong address, ulong length) => Run(Nr.munmap, (long)address, (long)length, 0, 0, 0, 0).Ok(out _, out var error) ? Errno.OK : error;

    /// <inheritdoc/>
    public override Errno Protect(ulong address, ulong length, VmProt protection)
        => Run(Nr.mprotect, (long)address, (long)length, (long)protection, 0, 0, 0).Ok(out _, out var error) ? Errno.OK : error;

    /// <inheritdoc/>
    public override Errno SetHighBit(ulong address)
    {
        // futex(2), FUTEX_WAKE_OP: *uaddr2 |= 1 << 31, by the host, atomically. The first word, of which nobody is woken, is the slot's own.
        const long wakeOpPrivate = 5 | 128, orBit31 = (2L | 8) << 28 | 31 << 12;
        return _context == 0 ? Errno.EINVAL
            : Run(Nr.futex, (long)SlotMap.AddressOf(Slot), wakeOpPrivate, 0, 0, (long)address, orBit31).Ok(out _, out var error) ? Errno.OK : error;
    }

    private Result<ulong> Run(Nr number, long a0, long a1, long a2, long a3, long a4, long a5)
        => Run([((long)number, a0, a1, a2, a3, a4, a5)]);

    /// <summary>Has the stub make some calls.</summary>
    /// <returns>The result of the first, or the error of any.</returns>
    private Result<ulong> Run(ReadOnlySpan<(long Number, long A0, long A1, long A2, long A3, long A4, long A5)> calls)
    {
        var page = SlotMap.AddressOf(Slot);
        Span<byte> commands = stackalloc byte[64 + (calls.Length * 64)];
        commands.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(commands, calls.Length);
        for (var i = 0; i < calls.Length; i++)
        {
            var at = commands[(64 + (i * 64))..];
            var (number, a0, a1, a2, a3, a4, a5) = calls[i];
            BinaryPrimitives.WriteInt64LittleEndian(at, number);
            BinaryPrimitives.WriteInt64LittleEndian(at[8..], a0);
            BinaryPrimitives.WriteInt64LittleEndian(at[16..], a1);
            BinaryPrimitives.WriteInt64LittleEndian(at[24..], a2);
            BinaryPrimitives.WriteInt64LittleEndian(at[32..], a3);
            BinaryPrimitives.WriteInt64LittleEndian(at[40..], a4);
            BinaryPrimitives.WriteInt64LittleEndian(at[48..], a5);
        }

        if (space.Write(page, commands) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        space.Listener.Send(_notification, StubLayout.AnswerBatch);
        if (!AwaitDone(out _, Awaited.Nothing, out _))
        {
            return Errno.ESRCH;
        }

        Span<byte> results = stackalloc byte[calls.Length * 64];
        if (space.Read(page + 64, results) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        // Of a failed one its error, else the first's value.
        for (var i = 0; i < calls.Length; i++)
        {
            var value = BinaryPrimitives.ReadInt64LittleEndian(results[((i * 64) + 56)..]);
            if (value is < 0 and >= -4095)
            {
                return (Errno)(-value);
            }
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(results[56..]);
    }

    /// <inheritdoc/>
    public override Result<VmThread> Clone(in CloneRequest request)
    {
        if (_making)
        {
            return Make(request);
        }

        if (_context == 0)
        {
            return Errno.EINVAL;
        }

        var slot = Slot;
        if (request.ShareMemory)
        {
            slot = space.Slots.Take(out var mapped);
            if (slot < 0)
            {
                return Errno.EAGAIN;
            }

            if (!mapped && !Run(Nr.mmap, (long)SlotMap.AddressOf(slot), (long)StubLayout.SlotSize, 3, 0x100022, -1, 0).Ok(out _, out var failed))
            {
                space.Slots.Give(slot, 0);
                return failed;
            }
        }

        const long vm = 0x100, fs = 0x200, files = 0x400, sighand = 0x800, parent = 0x8000, thread = 0x10000, sysvsem = 0x40000, setTls = 0x80000, clearTid = 0x200000;
        var flags = request.SameProcess ? vm | fs | files | sighand | thread | sysvsem : request.ShareMemory ? vm | parent | 17 : parent | 17;
        flags |= request.ThreadPointer is null ? 0 : setTls;
        flags |= request.ClearTid == 0 ? 0 : clearTid;
        Span<byte> command = stackalloc byte[64];
        command.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(command[StubLayout.CloneFlags..], flags);
        BinaryPrimitives.WriteUInt64LittleEndian(command[StubLayout.CloneClearTid..], request.ClearTid);
        BinaryPrimitives.WriteUInt64LittleEndian(command[StubLayout.CloneThreadPointer..], request.ThreadPointer ?? 0);
        BinaryPrimitives.WriteUInt64LittleEndian(command[StubLayout.CloneSlot..], request.ShareMemory ? SlotMap.AddressOf(slot) : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(command[StubLayout.CloneStackPointer..], request.StackPointer);
        BinaryPrimitives.WriteInt64LittleEndian(command[StubLayout.CloneSilent..], request.SameProcess ? 1 : 0);
        if (request.SameProcess)
        {
            // It may ask who it is, and change its mask, before it is known here.
            space.Slots.GetChannel(slot)?.Begin([_identity[0], request.Tid, .. _identity.AsSpan(2)], space.Platform.IsStrict ? null : request.LentMask);
        }

        var asksMuch = !request.ShareMemory && space.Slots.Children.AsksMuch;
        if (!asksMuch)
        {
            space.Platform.ChannelServer?.MakeRoom();
        }

        var error = space.Write(SlotMap.AddressOf(Slot), command);
        SeccompNotif hello = default;
        long result = 0;
        var together = false;
        if (error == Errno.OK)
        {
            together = request.IsAwaited && AttractMaker();
            space.Listener.Send(_notification, StubLayout.AnswerClone);
            error = !AwaitDone(out result, request.SameProcess ? Awaited.Silent : Awaited.Child, out hello) ? Errno.ESRCH : result < 0 ? (Errno)(-result) : Errno.OK;
        }

        if (together)
        {
            LetGo();
        }

        if (error != Errno.OK)
        {
            if (request.ShareMemory)
            {
                _ = space.Slots.GetChannel(slot)?.Recall(); // who has the slot next was not lent this mask
                space.Slots.Give(slot, 0);
            }

            return error;
        }

        if (request.SameProcess)
        {
            _makesThreads = true;

            // What it asked for meanwhile was put aside.
            var made = new GuestThread(space, (int)result, slot) { _silent = true, _maker = request.LentMask is null ? null : this };
            made.SetIdentity([_identity[0], request.Tid, .. _identity.AsSpan(2)]);
            made.FindChannel();
            space.Add(made);
            space.Platform.Remember(made);
            return Result<VmThread>.Of(made);
        }

        var opened = space.Platform.Adopt((int)hello.Pid, space.Listener, request.ShareMemory ? space.Slots : space.Slots.Fork(Slot));
        if (!opened.Ok(out var childSpace, out error))
        {
            return error;
        }

        var child = new GuestThread(childSpace, (int)hello.Pid, slot);
        if (together)
        {
            child.LetGoLike(this);
        }

        if (request.ShareMemory)
        {
            child.FindChannel();
            child.RobustList = null;
        }

        child.Stopped(hello.Id, hello.A2, 31);
        childSpace.Add(child);
        space.Platform.Remember(child);
        if (asksMuch)
        {
            child.BeginWithChannel();
        }

        return Result<VmThread>.Of(child);
    }

    /// <summary>What a command makes besides its report.</summary>
    private enum Awaited
    {
        Nothing,
        Silent, // a thread that only its number tells of
        Child,  // one that says hello
    }

    /// <summary>
    /// Waits for this thread's report that a command is done, and for the new thread's first notification when one is made.
    /// Other threads' notifications are put aside. The clone that the stub makes is let through here and nowhere else.
    /// </summary>
    private bool AwaitDone(out long result, Awaited child, out SeccompNotif hello)
    {
        space.BeginCommand();
        var whole = AwaitReport(out result, child, out hello);
        space.EndCommand();
        if (!whole && hello.Id != 0)
        {
            // Its parent died beside it, and nobody will know of it.
            Keeper.Discard((int)hello.Pid);
        }

        return whole;
    }

    private bool AwaitReport(out long result, Awaited child, out SeccompNotif hello)
    {
        var done = false;
        result = 0;
        hello = default;
        while (!done || (child == Awaited.Child && result > 0 && hello.Id == 0))
        {
            if (!space.Listener.ReceiveWhile(space.PidFd, done ? (int)result : 0, out var notification))
            {
                return false;
            }

            if (notification.Pid == (uint)HostTid)
            {
                if (notification.Number == (int)Nr.clone && child != Awaited.Nothing && notification.InstructionPointer >> 32 == StubLayout.Code >> 32)
                {
                    space.Listener.Continue(notification.Id);
                }
                else if (notification.Number == StubLayout.TrapCall && (long)notification.A0 == StubLayout.TrapDone)
                {
                    done = true;
                    result = (long)notification.A1;
                    _notification = notification.Id;
                }
                else
                {
                    // A stub that answers anything else was tampered with.
                    space.End();
                    return false;
                }
            }
            else if (child == Awaited.Child && notification.Number == StubLayout.TrapCall && (long)notification.A0 == StubLayout.TrapHello)
            {
                hello = notification;
            }
            else
            {
                space.Listener.Defer(notification);
            }
        }

        return true;
    }
}
