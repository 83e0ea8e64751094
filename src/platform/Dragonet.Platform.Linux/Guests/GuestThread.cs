using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>A guest thread: one host thread of a guest process.</summary>
internal sealed partial class GuestThread(GuestSpace space, int hostTid, int slot) : VmThread
{
    private ulong _notification;   // the host's id of the trap that waits for an answer
    private ulong _context;        // address of the ucontext in a full trap, else 0
    private int _trapSignal;       // the host signal of a full trap; 0 for a fresh thread
    private bool _silent;          // made, and not yet known to the kernel
    private int _hostTid = hostTid; // 0 until it is known
    private int _interrupting;     // 1 between the sending of the interrupt signal and its trap

    /// <summary>The host's number of the thread. One that is not known yet is a number that no thread has.</summary>
    internal int HostTid => Volatile.Read(ref _hostTid) is not 0 and var number ? number : TryLearn(PublishedNumber) ? Volatile.Read(ref _hostTid) : -1;

    /// <summary>Its slot in the address space.</summary>
    internal int Slot { get; } = slot;

    /// <inheritdoc/>
    public override VmSpace Space => space;

    /// <inheritdoc/>
    public override bool HasContext => _context != 0;

    /// <summary>A notification came: a plain system call.</summary>
    internal void Stopped(ulong notification)
    {
        _notification = notification;
        _context = 0;
        _asked = null;
        _belled = null;
    }

    /// <summary>The stub came with a full register file.</summary>
    internal void Stopped(ulong notification, ulong context, int signal)
    {
        _notification = notification;
        _context = context;
        _asked = null;
        _belled = null;
        _trapSignal = signal;
        if (signal == StubLayout.InterruptSignal)
        {
            Volatile.Write(ref _interrupting, 0);
        }
    }

    /// <inheritdoc/>
    public override void Resume(long value)
    {
        if (_silent)
        {
            // It runs by itself from its beginning on.
            _silent = false;
            return;
        }

        if (_making)
        {
            ResumeMaking(value);
            return;
        }

        if (_asksMuch)
        {
            _posting.Note(value, _channel);
        }

        if (_asked is { } channel)
        {
            _asked = null;
            channel.Finish(value, hold: Volatile.Read(ref _interrupting) != 0);
            return;
        }

        EndBell(late: false);
        var id = _notification;
        if (_context == 0)
        {
            space.Listener.Send(id, value);
            return;
        }

        if (_trapSignal is not (StubLayout.CallSignal or 0))
        {
            value = StubLayout.AnswerResume;
        }
        else if (StubLayout.IsAnswer(value))
        {
            // One of the few values that the stub would not put into the frame.
            Span<byte> bytes = stackalloc byte[8];
            _ = BitConverter.TryWriteBytes(bytes, value);
            _ = space.Write(_context + (ulong)UserContext.OffsetOf(UserContext.Rax), bytes);
            value = StubLayout.AnswerResume;
        }

        space.Listener.Send(id, value);
    }

    /// <inheritdoc/>
    public override bool ResumeNative()
    {
        if (_context != 0)
        {
            return false;
        }

        if (TryRepeat())
        {
            return true;
        }

        EndBell(late: true);
        space.Listener.Continue(_notification);
        return true;
    }

    /// <inheritdoc/>
    public override Errno ResumeNativeMap(IMemoryBacking backing, bool writable, int descriptor, (long Offset, ulong Length)? code)
    {
        if (_context != 0 || _asked is not null || backing is not IHostMappable mappable)
        {
            return Errno.ENODEV;
        }

        if (code is { } range)
        {
            mappable = space.Platform.Patches?.Find(mappable, range.Offset, range.Length) ?? mappable;
        }

        var error = space.Listener.Lend(_notification, mappable.GetFd(writable), descriptor);
        if (error != Errno.OK)
        {
            return error;
        }

        space.Platform.Remember(backing, mappable);
        space.Listener.Continue(_notification);
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override bool IsSleeping => space.Platform.HasNativeFutex && SleepingCall.IsOfGuest(
        ProcFile.Read(space.Pid, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"task/{HostTid}/syscall")));

    /// <inheritdoc/>
    public override void Interrupt()
    {
        if (Interlocked.Exchange(ref _interrupting, 1) == 0 && !MustWaitForBirth())
        {
            SendInterrupt();
        }
    }

    private void SendInterrupt() => _ = Host.Call(Nr.tgkill, space.Pid, HostTid, StubLayout.InterruptSignal);

    /// <inheritdoc/>
    public override bool TryPeekCall(out SystemCall call)
    {
        call = default;
        Span<byte> frame = stackalloc byte[UserContext.Size];
        Span<byte> instruction = stackalloc byte[2];
        if (_context == 0 || _trapSignal != StubLayout.InterruptSignal || space.Read(_context, frame) != Errno.OK
            || UserContext.Get(frame, UserContext.Rax) > int.MaxValue
            || space.Read(UserContext.Get(frame, UserContext.Rip), instruction) != Errno.OK || instruction is not [0x0f, 0x05])
        {
            return false;
        }

        call = UserContext.GetCall(frame, UserContext.Get(frame, UserContext.Rip) + 2);
        return true;
    }

    /// <inheritdoc/>
    public override bool BeginCall(in SystemCall call)
    {
        Span<byte> rip = stackalloc byte[8];
        _ = BitConverter.TryWriteBytes(rip, call.InstructionPointer);
        if (space.Write(_context + (ulong)UserContext.OffsetOf(UserContext.Rip), rip) != Errno.OK)
        {
            return false;
        }

        _trapSignal = StubLayout.CallSignal;
        return true;
    }

    /// <inheritdoc/>
    public override Errno GetContext(MachineContext context)
    {
        // The frame and the FPU state above it lie together on the slot's stack: one read fetches both.
        var top = SlotMap.AddressOf(Slot) + StubLayout.SlotSize;
        if (_context == 0 || _context < SlotMap.AddressOf(Slot) || _context + UserContext.Size > top)
        {
            return Errno.EFAULT;
        }

        var length = (int)Math.Min(top - _context, (ulong)(UserContext.Size + 512 + context.Fpu.Length));
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var frame = buffer.AsSpan(0, length);
            if (space.ReadSome(_context, frame) != length)
            {
                return Errno.EFAULT;
            }

            UserContext.Load(frame, context);
            context.FpuLength = 0;
            var fpu = UserContext.GetFpuPointer(frame);
            if (fpu >= _context && fpu < _context + (ulong)length)
            {
                var state = frame[(int)(fpu - _context)..];
                var size = Math.Min(UserContext.FpuSize(state), context.Fpu.Length);
                state[..size].CopyTo(context.Fpu);
                context.FpuLength = size;
            }

            return Errno.OK;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public override Errno ResumeWith(MachineContext context)
    {
        var error = StoreContext(context, _context, Slot);
        if (error == Errno.OK)
        {
            space.Listener.Send(_notification, StubLayout.AnswerResume);
            if (_trapSignal == 0)
            {
                LetGo();
                space.Platform.Started(space);
            }
        }

        return error;
    }

    /// <summary>Writes a frame into a slot of this address space.</summary>
    private Errno StoreContext(MachineContext context, ulong address, int slot)
    {
        Span<byte> frame = stackalloc byte[UserContext.Size];
        UserContext.Store(frame, context, SlotMap.AddressOf(slot), StubLayout.SlotSize);
        if (context.FpuLength == 0)
        {
            UserContext.SetFpuPointer(frame, 0);
            return space.Write(address, frame);
        }

        // The frame area's own place for FPU state is 64-byte aligned and free while the thread is stopped.
        var fpu = SlotMap.AddressOf(slot) + StubLayout.FrameFpuOffset;
        UserContext.SetFpuPointer(frame, fpu);
        var bytes = System.Buffers.ArrayPool<byte>.Shared.Rent(UserContext.Size + context.FpuLength);
        try
        {
            frame.CopyTo(bytes);
            context.Fpu.AsSpan(0, context.FpuLength).CopyTo(bytes.AsSpan(UserContext.Size));
            return space.WriteVector([(address, UserContext.Size), (fpu, context.FpuLength)], bytes.AsSpan(0, UserContext.Size + context.FpuLength));
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <inheritdoc/>
    public override void Exit()
    {
        if (TryRepeat())
        {
            return;
        }

        space.Platform.Forget(this);
        space.Remove(this);
        LeaveSlot();
        if (_context == 0)
        {
            // The trapped call is exit(2) itself: the host performs it.
            space.Listener.Continue(_notification);
        }
        else
        {
            space.Kill();
        }
    }
}
