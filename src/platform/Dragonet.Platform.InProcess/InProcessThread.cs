using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform.InProcess;

/// <summary>
/// A guest thread: registers, and a host thread that has the delegate's C# stack. Every stop gives the full register file, so every call can
/// be interrupted and made again, as on a processor: the instruction pointer says what happens next (<see cref="Settle"/>).
/// </summary>
internal sealed partial class InProcessThread(InProcessPlatform platform, InProcessSpace space) : VmThread
{
    private readonly Lock _lock = new();
    private readonly Turn _turn = new();
    private readonly MachineContext _context = new();
    private Action<Guest>? _program; // of a clone: what it does instead of returning from the call
    private bool _started;           // guarded by _lock, like the rest
    private bool _answered;
    private bool _waiting;
    private bool _yields;
    private bool _interrupted;
    private bool _ended;
    private bool _inCall;

    /// <summary>Its host thread is gone, or will never be.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>Its turn ended inside the kernel, which nobody stops.</summary>
    internal bool IsInKernel { get; private set; }

    /// <summary>What the next clone does; a C# stack cannot be copied.</summary>
    internal Action<Guest>? ChildProgram { get; set; }

    internal MachineContext Registers => _context;

    internal InProcessPlatform Platform => platform;

    /// <inheritdoc/>
    public override VmSpace Space => space;

    /// <inheritdoc/>
    public override bool HasContext => true;

    /// <summary>Futexes are the kernel's: it never sleeps without its knowledge.</summary>
    public override bool IsSleeping => false;

    /// <inheritdoc/>
    public override void Resume(long value)
    {
        if (_inCall)
        {
            _context.Rax = (ulong)value;
        }

        Continue();
    }

    /// <inheritdoc/>
    public override void Interrupt()
    {
        lock (_lock)
        {
            _interrupted = true;
        }
    }

    /// <inheritdoc/>
    public override Errno GetContext(MachineContext context)
    {
        Copy(_context, context);
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Errno ResumeWith(MachineContext context)
    {
        if (!_started)
        {
            space.Add(this);
        }

        Copy(context, _context);
        Continue();
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Result<VmThread> Clone(in CloneRequest request)
    {
        // A clone by number alone (guest.Call) has nothing that the child could do.
        if (ChildProgram is not { } program)
        {
            return Errno.ENOSYS;
        }

        ChildProgram = null;
        var childSpace = request.SameProcess ? space : request.ShareMemory ? space.Share() : space.Fork();
        var child = new InProcessThread(platform, childSpace) { _program = program, _inCall = true };
        Copy(_context, child._context);
        if (request.StackPointer != 0)
        {
            child._context.Rsp = request.StackPointer;
        }

        childSpace.Add(child);
        if (childSpace != space)
        {
            platform.Add(childSpace);
        }

        return Result<VmThread>.Of(child);
    }

    /// <inheritdoc/>
    public override Result<ulong> Map(ulong address, ulong length, VmProt protection, VmMapFlags flags, IMemoryBacking? backing, long offset)
        => space.Change(map => map.Map(address, length, protection, (flags & VmMapFlags.Fixed) != 0, (flags & VmMapFlags.Shared) != 0, backing, offset));

    /// <inheritdoc/>
    public override void Exit()
    {
        space.Remove(this);
        End();
    }

    /// <summary>No more guest code runs: the delegate unwinds at its next turn.</summary>
    internal void End()
    {
        lock (_lock)
        {
            _ended = true;
            if (!_started)
            {
                IsDone = true;
            }
            else if (_waiting)
            {
                _waiting = false;
                platform.Scheduler.Add(this);
            }
        }
    }

    internal void GiveTurn() => _turn.Give();

    private void Continue()
    {
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            if (!_started)
            {
                _started = true;
                new Thread(Run, 512 * 1024) { IsBackground = true, Name = "guest" }.Start();
                platform.Scheduler.Add(this);
                return;
            }

            _answered = true;
            if (_waiting)
            {
                _waiting = false;
                platform.Scheduler.Add(this);
            }
        }
    }

    /// <summary>Until the kernel has answered, others have their turns.</summary>
    private void WaitForAnswer()
    {
        bool waits;
        lock (_lock)
        {
            if ((_yields || platform.Scheduler.EndsHere(2)) && _answered && !_ended)
            {
                platform.Scheduler.Add(this);
                waits = true;
            }
            else
            {
                waits = _waiting = !_answered && !_ended;
            }

            _yields = false;
        }

        if (waits)
        {
            platform.Scheduler.EndTurn();
            _turn.Wait();
        }

        lock (_lock)
        {
            _answered = false;
            if (_ended)
            {
                throw new GuestEndedException();
            }
        }
    }

    /// <summary>Before a lock of the kernel: others may come first.</summary>
    private void TakeTurn(bool isTaken)
    {
        if (isTaken || platform.Scheduler.EndsHere(8))
        {
            IsInKernel = true;
            platform.Scheduler.Add(this);
            platform.Scheduler.EndTurn();
            _turn.Wait();
            IsInKernel = false;
        }
    }

    private static void Copy(MachineContext from, MachineContext to)
    {
        (to.R8, to.R9, to.R10, to.R11, to.R12, to.R13, to.R14, to.R15) = (from.R8, from.R9, from.R10, from.R11, from.R12, from.R13, from.R14, from.R15);
        (to.Rdi, to.Rsi, to.Rbp, to.Rbx, to.Rdx, to.Rax, to.Rcx, to.Rsp) = (from.Rdi, from.Rsi, from.Rbp, from.Rbx, from.Rdx, from.Rax, from.Rcx, from.Rsp);
        (to.Rip, to.Flags, to.ErrorCode, to.TrapNumber, to.Cr2, to.Segments) = (from.Rip, from.Flags, from.ErrorCode, from.TrapNumber, from.Cr2, from.Segments);
        to.FpuLength = 0; // delegates have no floating-point registers of a guest
    }
}
