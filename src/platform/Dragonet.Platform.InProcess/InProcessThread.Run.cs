using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Platform.InProcess;

/// <summary>What the host thread does: the program, its system calls, its signal handlers.</summary>
internal sealed partial class InProcessThread
{
    private const int Segv = 11, Abort = 6;
    private const int NotMapped = 1; // SEGV_MAPERR

    /// <summary>Makes a system call.</summary>
    internal long Call(Nr number, ReadOnlySpan<ulong> arguments)
    {
        // The call's instruction is where the program is; the kernel sees the address behind it.
        var after = _context.Rip;
        _context.Rax = (ulong)number;
        (_context.Rdi, _context.Rsi, _context.Rdx) = (At(arguments, 0), At(arguments, 1), At(arguments, 2));
        (_context.R10, _context.R8, _context.R9) = (At(arguments, 3), At(arguments, 4), At(arguments, 5));
        Trap();
        Settle(after);
        return (long)_context.Rax;
    }

    /// <summary>An access that the map does not allow. Comes back when a handler has returned, to try again.</summary>
    internal void Fault(ulong address)
    {
        var here = _context.Rip;
        _inCall = false;
        _context.Cr2 = address;
        platform.Handler.OnTrap(this, new Trap(TrapKind.Fault, Segv, NotMapped, address));
        WaitForAnswer();
        Settle(here);
    }

    private static ulong At(ReadOnlySpan<ulong> arguments, int index) => index < arguments.Length ? arguments[index] : 0;

    private void Run()
    {
        _turn.Wait();
        if (platform.Scheduler.IsRandom)
        {
            KernelLock.TakeTurns(TakeTurn);
        }

        try
        {
            if (_ended)
            {
                return;
            }

            var program = _program ?? platform.Fetch(space, _context.Rip) as Action<Guest>;
            var start = _context.Rip;
            Settle(start);
            if (program is null)
            {
                Fault(start);
            }
            else
            {
                program(new Guest(this));
            }

            _ = Call(Nr.exit_group, []);
        }
        catch (GuestEndedException)
        {
            // exit, exec or a fatal signal.
        }
        catch (Exception failure) when (Report(failure))
        {
            platform.Handler.OnDeath(space, Abort);
        }
        finally
        {
            IsDone = true;
            platform.Scheduler.EndTurn();
        }
    }

    private bool Report(Exception failure)
    {
        platform.Scheduler.Fail(failure);
        return failure is not OutOfMemoryException;
    }

    /// <summary>The system call in the registers.</summary>
    private void Trap()
    {
        _inCall = true;
        var c = _context;
        platform.Handler.OnSystemCall(this, new SystemCall((int)c.Rax, c.Rdi, c.Rsi, c.Rdx, c.R10, c.R8, c.R9, c.Rip));
        WaitForAnswer();
    }

    /// <summary>Follows the instruction pointer until it is back: traps, handlers, calls made again.</summary>
    private void Settle(ulong after)
    {
        while (TakeInterrupt() || _context.Rip != after)
        {
            if (_context.Rip == after - 2)
            {
                // Back at the call's instruction (two bytes on x86-64), with its number and arguments: a restart.
                _context.Rip = after;
                Trap();
            }
            else if (_context.Rip != after)
            {
                RunHandler();
            }
        }
    }

    private bool TakeInterrupt()
    {
        lock (_lock)
        {
            if (!_interrupted)
            {
                return false;
            }

            _interrupted = false;
        }

        _inCall = false;
        platform.Handler.OnTrap(this, new Trap(TrapKind.Interrupt));
        WaitForAnswer();
        return true;
    }

    /// <summary>The kernel has pointed the registers at a handler; its return is rt_sigreturn(2) from the frame.</summary>
    private void RunHandler()
    {
        var frame = _context.Rsp;
        if (platform.Fetch(space, _context.Rip) is not Action<Guest, int> handler)
        {
            Fault(_context.Rip);
            return;
        }

        handler(new Guest(this), (int)_context.Rdi);
        _context.Rsp = frame + 8; // `ret` has taken the restorer's address
        _context.Rax = (ulong)Nr.rt_sigreturn;
        Trap();
    }
}
