using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Devices.Tty;

/// <summary>
/// A pseudo terminal (pty(7)): programs have the side with the line discipline open (<see cref="TerminalFile"/>), a terminal emulator
/// or the host has the master. Thread-safe. Signals that are found necessary under the lock are sent after it.
/// </summary>
public sealed partial class Terminal : IControllingTerminal
{
    private readonly KernelLock _lock = new(LockRank.Terminal);
    private readonly OutputProcessor _output = new();         // guarded by _lock
    private readonly LineDiscipline _input;                   // guarded by _lock
    private readonly PtyEntry _entry;
    private winsize _size;                                    // guarded by _lock
    private Session? _session;                                // guarded by _lock, written under the tree lock too
    private volatile ProcessGroup? _foreground;               // written under _lock
    private KernelTimer? _interByte;                          // guarded by _lock: VTIME after a byte
    private int _opens;                                       // guarded by _lock: open files of the program's side
    private int _generation;                                  // guarded by _lock: moves at a hang-up, files of an older one are dead
    private bool _wasOpened;                                  // guarded by _lock
    private bool _isMasterClosed;                             // guarded by _lock
    private bool _isExclusive;                                // guarded by _lock: TIOCEXCL
    private bool _isPacketMode;                               // guarded by _lock: TIOCPKT
    private long _lastInput;                                  // guarded by _lock: when the last byte came, monotonic

    internal Terminal(Dragonet.Kernel.Kernel kernel, PtyEntry entry, bool isLocked)
    {
        Kernel = kernel;
        _entry = entry;
        IsLocked = isLocked;
        _input = new LineDiscipline(_output);
        _input.Apply(TerminalSettings.Create());
    }

    /// <summary>The kernel it belongs to.</summary>
    public Dragonet.Kernel.Kernel Kernel { get; }

    /// <summary>N of /dev/pts/N.</summary>
    public int Index => _entry.Index;

    /// <inheritdoc/>
    public ulong Device => DeviceNumber.Make(PtyTable.Major, (uint)Index);

    /// <inheritdoc/>
    public ProcessGroup? Foreground => _foreground;

    /// <summary>TIOCSPTLCK: the program's side cannot be opened.</summary>
    public bool IsLocked { get; set; }

    /// <summary>The program's side waits here.</summary>
    internal WaitQueue Queue { get; } = new();

    /// <summary>The master waits here.</summary>
    internal WaitQueue MasterQueue { get; } = new();

    internal PtyEntry Entry => _entry;

    /// <summary>The jail that sees it.</summary>
    internal Dragonet.Kernel.Jail Jail => _entry.Jail;

    /// <summary>Window size in characters and pixels.</summary>
    public winsize Size
    {
        get
        {
            using (_lock.Enter())
            {
                return _size;
            }
        }
    }

    /// <summary>Changes the size; the foreground group gets SIGWINCH when it is another one (ioctl_tty(2)).</summary>
    public void Resize(in winsize size)
    {
        ProcessGroup? group;
        using (_lock.Enter())
        {
            if (_size == size)
            {
                return;
            }

            _size = size;
            group = _foreground;
        }

        SendTo(group, Sig.WINCH);
    }

    /// <summary>Opens the program's side. EIO when it is locked or the master is gone, EBUSY after TIOCEXCL.</summary>
    /// <param name="caller">Who opens; a session leader without a terminal gets this one, unless O_NOCTTY is given.</param>
    /// <param name="path">Where it was found, or null.</param>
    /// <param name="flags">open(2) flags.</param>
    /// <param name="isUnlocked">TIOCGPTPEER and the host need no unlocking.</param>
    /// <param name="device">Without a path, the device of the file system that it would be found in.</param>
    internal Result<OpenFile> Open(ICaller? caller, VfsPath? path, OpenFlags flags, bool isUnlocked = false, ulong device = 0xc)
    {
        int generation;
        using (_lock.Enter())
        {
            if (_isMasterClosed || (IsLocked && !isUnlocked))
            {
                return Errno.EIO;
            }

            if (_isExclusive && !(caller?.Credentials.Has(Capability.CAP_SYS_ADMIN) ?? true))
            {
                return Errno.EBUSY;
            }

            _opens++;
            _wasOpened = true;
            generation = _generation;
        }

        if (caller is Dragonet.Kernel.Task task && (flags & (OpenFlags.O_NOCTTY | OpenFlags.O_PATH)) == 0 && (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_WRONLY)
        {
            _ = Adopt(task, steal: false);
        }

        return new TerminalFile(this, path, flags, generation, device);
    }

    /// <summary>A file of the program's side is gone.</summary>
    internal void Close(int generation)
    {
        using (_lock.Enter())
        {
            if (generation == _generation)
            {
                _opens--;
            }

            if (_opens == 0)
            {
                _isExclusive = false;
            }
        }

        _ = MasterQueue.Wake();
        FreeIfUnused();
    }

    /// <summary>The master is gone: the session hears SIGHUP, reads answer the end of file, writes EIO.</summary>
    internal void CloseMaster()
    {
        using (_lock.Enter())
        {
            _isMasterClosed = true;
        }

        Kernel.Ptys.Hide(_entry);
        HangUp();
        FreeIfUnused();
    }

    /// <summary>vhangup(2): every open file of the program's side is dead.</summary>
    internal void HangUp()
    {
        Process? leader;
        ProcessGroup? group;
        using (Kernel.TreeLock.Enter())
        {
            using (_lock.Enter())
            {
                leader = _session?.Leader;
                group = _foreground;
                if (_session is { } session && session.Terminal == this)
                {
                    session.Terminal = null;
                }

                _session = null;
                _foreground = null;
                _generation++;
                _opens = 0;
                _input.Flush();
                _input.SetStopped(false);
            }
        }

        if (leader is not null)
        {
            _ = leader.Send(SigInfo.FromKernel(Sig.HUP));
            _ = leader.Send(SigInfo.FromKernel(Sig.CONT));
            if (group is not null && leader.Group != group)
            {
                SendTo(group, Sig.HUP);
                SendTo(group, Sig.CONT);
            }
        }

        _ = Queue.Wake();
        _ = MasterQueue.Wake();
    }

    private void FreeIfUnused()
    {
        using (_lock.Enter())
        {
            if (!_isMasterClosed || _opens > 0)
            {
                return;
            }

            _interByte?.Cancel();
        }

        Kernel.Ptys.Free(_entry);
    }

    private void SendTo(ProcessGroup? group, int signal)
    {
        if (group is not null)
        {
            _ = Kernel.SendGroup(group, SigInfo.FromKernel(signal));
        }
    }
}
