using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Devices.Tty;

/// <summary>Reading and writing at both sides of a terminal.</summary>
public sealed partial class Terminal
{
    private const long Decisecond = 100_000_000;

    /// <summary>A program reads.</summary>
    internal Result<int> Read(ICaller caller, Span<byte> destination, int generation)
    {
        var task = caller as Dragonet.Kernel.Task;
        if (task is not null && JobControl.Check(task, this, Sig.TTIN) is not Errno.OK and var refused)
        {
            return refused;
        }

        int count;
        long? timeout;
        using (_lock.Enter())
        {
            if (generation != _generation)
            {
                return 0;
            }

            if (destination.IsEmpty)
            {
                return 0;
            }

            if (IsReadableLocked(destination.Length, out timeout))
            {
                count = _input.Read(destination);
                goto taken;
            }
        }

        if (timeout == 0)
        {
            return 0;
        }

        if (timeout is { } limit && task is not null)
        {
            // VMIN 0: the read waits no longer than VTIME for its first byte.
            task.SetTimeout(limit);
            if (task.TimedOut)
            {
                return 0;
            }
        }

        return Errno.EAGAIN;

    taken:
        _ = MasterQueue.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        return count;
    }

    /// <summary>A program writes.</summary>
    internal Result<int> Write(ICaller caller, ReadOnlySpan<byte> source, int generation)
    {
        bool checks;
        using (_lock.Enter())
        {
            checks = (_input.Settings.c_lflag & TermLocal.TOSTOP) != 0;
        }

        if (checks && caller is Dragonet.Kernel.Task task && JobControl.Check(task, this, Sig.TTOU) is not Errno.OK and var refused)
        {
            return refused;
        }

        int count;
        using (_lock.Enter())
        {
            if (generation != _generation || _isMasterClosed)
            {
                return Errno.EIO;
            }

            if (source.IsEmpty)
            {
                return 0;
            }

            count = _input.IsStopped ? 0 : _output.Write(source);
        }

        if (count == 0)
        {
            return Errno.EAGAIN;
        }

        _ = MasterQueue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        return count;
    }

    /// <summary>The state of the program's side.</summary>
    internal PollEvents GetEvents(int generation)
    {
        using (_lock.Enter())
        {
            if (generation != _generation)
            {
                return PollEvents.POLLIN | PollEvents.POLLOUT | PollEvents.POLLERR | PollEvents.POLLHUP | PollEvents.POLLRDNORM | PollEvents.POLLWRNORM;
            }

            var least = _input.Settings.c_cc[Termios.VTIME] == 0 ? Math.Max(_input.Settings.c_cc[Termios.VMIN], (byte)1) : (byte)1;
            var readable = _input.IsCanonical ? _input.HasInput : _input.RawCount >= least;
            var writable = !_input.IsStopped && _output.Room > OutputProcessor.Limit / 4;
            return (readable ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0) | (writable ? PollEvents.POLLOUT | PollEvents.POLLWRNORM : 0);
        }
    }

    /// <summary>The master reads what programs wrote. EIO once no program has the terminal open any more.</summary>
    internal Result<int> MasterRead(Span<byte> destination)
    {
        int count;
        using (_lock.Enter())
        {
            if (destination.IsEmpty)
            {
                return 0;
            }

            if (_isPacketMode && _input.PacketStatus != 0)
            {
                destination[0] = _input.PacketStatus;
                _input.PacketStatus = 0;
                return 1;
            }

            if (_output.Count == 0)
            {
                return _wasOpened && _opens == 0 ? Errno.EIO : Errno.EAGAIN;
            }

            if (_isPacketMode)
            {
                destination[0] = 0; // TIOCPKT_DATA
                count = 1 + _output.Read(destination[1..]);
            }
            else
            {
                count = _output.Read(destination);
            }
        }

        _ = Queue.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        return count;
    }

    /// <summary>The master writes what was typed. EAGAIN when programs do not read it.</summary>
    internal Result<int> MasterWrite(ReadOnlySpan<byte> source)
    {
        int count;
        int[] signals;
        ProcessGroup? group;
        using (_lock.Enter())
        {
            count = _input.Receive(source);
            signals = [.. _input.Signals];
            _input.Signals.Clear();
            group = _foreground;
            if (count > 0 && !_input.IsCanonical && _input.Settings.c_cc[Termios.VTIME] > 0)
            {
                _lastInput = Kernel.Clock.MonotonicNanoseconds;
                ArmInterByteLocked();
            }
        }

        foreach (var signal in signals)
        {
            SendTo(group, signal);
        }

        _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM | PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        _ = MasterQueue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM | PollEvents.POLLPRI);
        return count == 0 && source.Length > 0 ? Errno.EAGAIN : count;
    }

    /// <summary>The state of the master's side.</summary>
    internal PollEvents GetMasterEvents()
    {
        using (_lock.Enter())
        {
            var isGone = _wasOpened && _opens == 0;
            return (_output.Count > 0 || isGone ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0)
                | (_input.HasRoom ? PollEvents.POLLOUT | PollEvents.POLLWRNORM : 0)
                | (isGone ? PollEvents.POLLHUP : 0)
                | (_isPacketMode && _input.PacketStatus != 0 ? PollEvents.POLLPRI | PollEvents.POLLIN | PollEvents.POLLRDNORM : 0);
        }
    }

    /// <summary>True when a read has enough (termios(3), MIN and TIME).</summary>
    /// <param name="size">Room of the reader.</param>
    /// <param name="timeout">Else how long it may wait for the first byte in nanoseconds: 0 not at all, null for ever.</param>
    private bool IsReadableLocked(int size, out long? timeout)
    {
        timeout = null;
        if (_input.IsCanonical)
        {
            return _input.HasInput;
        }

        var (least, time) = (_input.Settings.c_cc[Termios.VMIN], _input.Settings.c_cc[Termios.VTIME]);
        var count = _input.RawCount;
        if (least == 0)
        {
            timeout = time * Decisecond;
            return count > 0;
        }

        // With TIME, silence after a byte ends the read early.
        return count >= Math.Min(least, size) || (count > 0 && time > 0 && Kernel.Clock.MonotonicNanoseconds - _lastInput >= time * Decisecond);
    }

    private void ArmInterByteLocked()
    {
        _interByte?.Cancel();
        _interByte = Kernel.Timers.Add(_lastInput + _input.Settings.c_cc[Termios.VTIME] * Decisecond, () => _ = Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM));
    }
}
