using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Devices.Tty;

/// <summary>ioctl(2) of terminals (ioctl_tty(2)).</summary>
public sealed partial class Terminal
{
    /// <summary>A request to either side.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="request">The request.</param>
    /// <param name="argument">A number or an address.</param>
    /// <param name="isMaster">It came through the master, which stands for the program's side.</param>
    internal SysResult Ioctl(ICaller caller, uint request, ulong argument, bool isMaster)
    {
        var task = caller as Dragonet.Kernel.Task;
        if (!isMaster && task is not null && IsChange(request) && JobControl.Check(task, this, Sig.TTOU) is not Errno.OK and var refused)
        {
            return refused == Errno.EAGAIN ? task.WaitOn(Queue) : refused;
        }

        var memory = caller.Memory;
        switch (request)
        {
            case Ioctls.TCGETS or Ioctls.TCGETS2 or Ioctls.TCGETA:
                return GetSettings(memory, request, argument);
            case Ioctls.TCSETS or Ioctls.TCSETSW or Ioctls.TCSETSF or Ioctls.TCSETS2 or Ioctls.TCSETSW2 or Ioctls.TCSETSF2
                or Ioctls.TCSETA or Ioctls.TCSETAW or Ioctls.TCSETAF:
                return SetSettings(memory, request, argument);
            case Ioctls.TIOCGWINSZ:
                return memory.Write(argument, Size);
            case Ioctls.TIOCSWINSZ:
                var error = memory.Read(argument, out winsize size);
                if (error == Errno.OK)
                {
                    Resize(size);
                }

                return error;
            case Ioctls.TIOCGPGRP:
                return !isMaster && (task is null || !IsControllingFor(task)) ? Errno.ENOTTY : memory.Write(argument, _foreground?.Id ?? 0);
            case Ioctls.TIOCSPGRP:
                error = memory.Read(argument, out int group);
                return error != Errno.OK ? error : task is null ? Errno.ENOTTY : SetForeground(task, group);
            case Ioctls.TIOCGSID:
                var session = _session;
                return session is null || (!isMaster && (task is null || !IsControllingFor(task))) ? Errno.ENOTTY : memory.Write(argument, session.Id);
            case Ioctls.TIOCSCTTY:
                var steals = argument == 1 && caller.Credentials.Has(Capability.CAP_SYS_ADMIN);
                return task is null || isMaster ? Errno.EPERM : Adopt(task, steals);
            case Ioctls.TIOCNOTTY:
                return task is null ? Errno.ENOTTY : GiveUp(task);
            case Ioctls.TCFLSH:
                return Flush((int)argument, isMaster);
            case Ioctls.TCXONC:
                return ControlFlow((int)argument);
            case Ioctls.TCSBRK or Ioctls.TCSBRKP or Ioctls.TIOCSBRK or Ioctls.TIOCCBRK:
                // There is no line to break, and output is with the master as soon as it is written.
                return 0;
            case Ioctls.TIOCOUTQ:
                return memory.Write(argument, 0);
            case Ioctls.FIONREAD:
                using (_lock.Enter())
                {
                    group = isMaster ? _output.Count : _input.Available;
                }

                return memory.Write(argument, group);
            case Ioctls.TIOCSTI:
                return Errno.EIO; // dev.tty.legacy_tiocsti is off
            case Ioctls.TIOCGETD:
                return memory.Write(argument, 0);
            case Ioctls.TIOCSETD:
                error = memory.Read(argument, out int discipline);
                return error != Errno.OK ? error : discipline == 0 ? Errno.OK : Errno.EINVAL;
            case Ioctls.TIOCGDEV:
                return memory.Write(argument, (uint)DeviceNumber.Encode(Device));
            case Ioctls.TIOCGSOFTCAR:
                return memory.Write(argument, (_input.Settings.c_cflag & Termios.CLOCAL) != 0 ? 1 : 0);
            case Ioctls.TIOCEXCL or Ioctls.TIOCNXCL:
                using (_lock.Enter())
                {
                    _isExclusive = request == Ioctls.TIOCEXCL;
                }

                return 0;
            case Ioctls.TIOCGEXCL:
                return memory.Write(argument, _isExclusive ? 1 : 0);
            case Ioctls.TIOCVHANGUP:
                if (!caller.Credentials.Has(Capability.CAP_SYS_ADMIN))
                {
                    return Errno.EPERM;
                }

                HangUp();
                return 0;
            default:
                return Errno.ENOTTY;
        }
    }

    /// <summary>TIOCPKT and TIOCGPKT.</summary>
    internal bool IsPacketMode
    {
        get
        {
            using (_lock.Enter())
            {
                return _isPacketMode;
            }
        }

        set
        {
            using (_lock.Enter())
            {
                if (value && !_isPacketMode)
                {
                    _input.PacketStatus = 0;
                }

                _isPacketMode = value;
            }
        }
    }

    /// <summary>TIOCSIG: the master sends a signal to the foreground group.</summary>
    internal Errno SendForeground(int signal)
    {
        if (signal is not (Sig.INT or Sig.QUIT or Sig.TSTP))
        {
            return Errno.EINVAL;
        }

        SendTo(_foreground, signal);
        return Errno.OK;
    }

    /// <summary>Requests that a background group may not make (tcsetattr(3), SIGTTOU).</summary>
    private static bool IsChange(uint request) => request is Ioctls.TCSETS or Ioctls.TCSETSW or Ioctls.TCSETSF or Ioctls.TCSETS2 or Ioctls.TCSETSW2
        or Ioctls.TCSETSF2 or Ioctls.TCSETA or Ioctls.TCSETAW or Ioctls.TCSETAF or Ioctls.TIOCSPGRP or Ioctls.TCFLSH or Ioctls.TCXONC
        or Ioctls.TCSBRK or Ioctls.TCSBRKP or Ioctls.TIOCSBRK or Ioctls.TIOCCBRK or Ioctls.TIOCSETD;

    private SysResult GetSettings(IUserMemory memory, uint request, ulong argument)
    {
        termios2 settings;
        using (_lock.Enter())
        {
            settings = _input.Settings;
        }

        return request switch
        {
            Ioctls.TCGETS => memory.Write(argument, TerminalSettings.ToTermios(settings)),
            Ioctls.TCGETS2 => memory.Write(argument, settings),
            _ => memory.Write(argument, TerminalSettings.ToTermio(settings)),
        };
    }

    private SysResult SetSettings(IUserMemory memory, uint request, ulong argument)
    {
        termios2 settings;
        termio old = default;
        var isOld = request is Ioctls.TCSETA or Ioctls.TCSETAW or Ioctls.TCSETAF;
        Errno error;
        if (isOld)
        {
            error = memory.Read(argument, out old);
            settings = default;
        }
        else if (request is Ioctls.TCSETS or Ioctls.TCSETSW or Ioctls.TCSETSF)
        {
            error = memory.Read(argument, out termios plain);
            settings = TerminalSettings.FromTermios(plain);
        }
        else
        {
            error = memory.Read(argument, out settings);
        }

        if (error != Errno.OK)
        {
            return error;
        }

        using (_lock.Enter())
        {
            var before = _input.Settings;
            settings = isOld ? TerminalSettings.FromTermio(old, before) : settings;

            // A pty is always 8 bits wide and receives (pty_set_termios).
            settings.c_cflag = (settings.c_cflag & ~0x130u) | Termios.CS8 | Termios.CREAD;
            if (request is Ioctls.TCSETSF or Ioctls.TCSETSF2 or Ioctls.TCSETAF)
            {
                _input.Flush();
            }

            _input.Apply(settings);
            if (_isPacketMode)
            {
                TellFlowControlLocked(before);
            }
        }

        _ = Queue.Wake();
        _ = MasterQueue.Wake();
        return 0;
    }

    /// <summary>A packet-mode master learns whether ^S and ^Q work (TIOCPKT_DOSTOP).</summary>
    private void TellFlowControlLocked(in termios2 before)
    {
        static bool Stops(in termios2 s) => (s.c_iflag & TermInput.IXON) != 0 && s.c_cc[Termios.VSTOP] == 19 && s.c_cc[Termios.VSTART] == 17;
        if (Stops(before) != Stops(_input.Settings))
        {
            var status = _input.PacketStatus & ~(Termios.TIOCPKT_DOSTOP | Termios.TIOCPKT_NOSTOP);
            _input.PacketStatus = (byte)(status | (Stops(_input.Settings) ? Termios.TIOCPKT_DOSTOP : Termios.TIOCPKT_NOSTOP));
        }

        if (((before.c_lflag | _input.Settings.c_lflag) & TermLocal.EXTPROC) != 0)
        {
            _input.PacketStatus |= Termios.TIOCPKT_IOCTL;
        }
    }

    private SysResult Flush(int what, bool isMaster)
    {
        if (what is not (Termios.TCIFLUSH or Termios.TCOFLUSH or Termios.TCIOFLUSH))
        {
            return Errno.EINVAL;
        }

        using (_lock.Enter())
        {
            // What comes in at one side went out at the other.
            if (what == Termios.TCIOFLUSH || what == (isMaster ? Termios.TCOFLUSH : Termios.TCIFLUSH))
            {
                _input.Flush();
                _input.PacketStatus |= Termios.TIOCPKT_FLUSHREAD;
            }

            if (what == Termios.TCIOFLUSH || what == (isMaster ? Termios.TCIFLUSH : Termios.TCOFLUSH))
            {
                _output.Discard();
                _input.PacketStatus |= Termios.TIOCPKT_FLUSHWRITE;
            }
        }

        _ = Queue.Wake();
        _ = MasterQueue.Wake();
        return 0;
    }

    private SysResult ControlFlow(int what)
    {
        using (_lock.Enter())
        {
            switch (what)
            {
                case Termios.TCOOFF or Termios.TCOON:
                    _input.SetStopped(what == Termios.TCOOFF);
                    break;
                case Termios.TCIOFF or Termios.TCION:
                    _output.Echo(_input.Settings.c_cc[what == Termios.TCIOFF ? Termios.VSTOP : Termios.VSTART]);
                    break;
                default:
                    return Errno.EINVAL;
            }
        }

        _ = Queue.Wake();
        _ = MasterQueue.Wake();
        return 0;
    }
}
