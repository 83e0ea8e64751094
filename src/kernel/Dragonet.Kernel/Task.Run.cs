using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>The run loop of one system call: run, wait, run again, answer.</summary>
public sealed partial class Task
{
    private readonly TaskWait _wait;

    // Held while a call runs, until the thread that ran it has left it: one that has parked the call still looks at it, and must not
    // take what another thread has woken, answered and parked anew meanwhile for its own.
    private readonly Lock _run = new();
    private int _state = (int)TaskState.Kernel;
    private KernelTimer? _timeout;
    private SystemCall _call;
    private int _signalPending; // 1 when there may be a signal to deliver; set before the state is looked at

    private bool _keepsDeadline;

    /// <summary>The interrupted call is made again, and no handler ran: its time goes on.</summary>
    public void KeepDeadline() => _keepsDeadline = true;

    /// <summary>A call that moved so many bytes is likely followed by more of its kind.</summary>
    private const long Much = 64 * 1024;

    /// <summary>The last call has moved many bytes. Only a hint: the next call may be running by now.</summary>
    internal bool MovedMuch { get; private set; }

    /// <summary>To be run elsewhere, once it is ready.</summary>
    internal Action GoOn => field ??= () => Kernel.RunBeside(this);

    /// <summary>The call being run, or the last one.</summary>
    public ref readonly SystemCall Call => ref _call;

    /// <summary>The state as one letter of /proc/PID/stat (R running, S sleeping, T stopped, Z zombie).</summary>
    public char StateLetter => Process.IsZombie || IsDead ? 'Z' : Process.IsStopped ? 'T' : Volatile.Read(ref _state) switch
    {
        (int)TaskState.Parked => 'S',
        (int)TaskState.User when Thread is { IsSleeping: true } => 'S', // in a futex of the host
        _ => 'R',
    };

    /// <summary>True while it waits in the kernel, so that none of its code runs.</summary>
    internal bool IsParked => Volatile.Read(ref _state) == (int)TaskState.Parked || IsDead;

    /// <summary>A platform thread brings a new system call.</summary>
    internal void Begin(in SystemCall call)
    {
        using var run = _run.EnterScope();

        // A call that a stop interrupted is made again; it goes on to its first deadline (restart_syscall(2)).
        var again = _keepsDeadline && call == _call;
        _keepsDeadline = false;
        _call = call;
        Progress = TakeKeptProgress(call);
        CallState = null;
        OnInterrupted = null;
        Deadline = again ? Deadline : long.MaxValue;
        FailReason = null;
        Volatile.Write(ref _state, (int)TaskState.Kernel);
        RunCall();
    }

    /// <summary>The ready queue brings a call that may continue.</summary>
    internal void Continue()
    {
        using var run = _run.EnterScope();
        if (Interlocked.CompareExchange(ref _state, (int)TaskState.Kernel, (int)TaskState.Ready) == (int)TaskState.Ready)
        {
            RunCall();
        }
    }

    /// <summary>Called from wait queues: only marks and enqueues.</summary>
    internal void MakeReady()
    {
        if (Interlocked.CompareExchange(ref _state, (int)TaskState.Ready, (int)TaskState.Parked) == (int)TaskState.Parked)
        {
            Kernel.Ready.Enqueue(this);
        }
    }

    private void RunCall()
    {
        while (!IsDead)
        {
            _wait.Reset();
            var result = Kernel.Personality.Dispatch(this, _call);
            if (!result.IsBlocked)
            {
                Answer(result);
                return;
            }

            if (RepeatToWait())
            {
                return;
            }

            if (HasSignalFor(result.Restart))
            {
                Answer(Interrupted(result));
                return;
            }

            if (_wait.TakeAdded() || _wait.Fired)
            {
                continue;
            }

            if (Deadline != long.MaxValue && _timeout is null)
            {
                _timeout = Kernel.Timers.Add(Deadline, _wait.FireTimeout);
            }

            if (Park(result.Restart))
            {
                return;
            }
        }

        LeaveWaits();
        Release();
    }

    /// <summary>Goes to sleep, unless there is something to do by now.</summary>
    /// <returns>True when it sleeps, or somebody else runs the call already; false when it is to be run again.</returns>
    private bool Park(RestartKind kind)
    {
        while (true)
        {
            _ = Interlocked.Exchange(ref _state, (int)TaskState.Parked);
            var signal = Volatile.Read(ref _signalPending) != 0;
            if ((!signal && !_wait.Fired && !IsDead)
                || Interlocked.CompareExchange(ref _state, (int)TaskState.Kernel, (int)TaskState.Parked) != (int)TaskState.Parked)
            {
                return true;
            }

            if (_wait.Fired || IsDead || HasSignalFor(kind))
            {
                return false;
            }

            if (kind == RestartKind.Killable)
            {
                // The signal waits for the call's end, and stays. What came while it was looked at found nobody asleep.
                _ = Interlocked.Exchange(ref _state, (int)TaskState.Parked);
                return (!_wait.Fired && !IsDead)
                    || Interlocked.CompareExchange(ref _state, (int)TaskState.Kernel, (int)TaskState.Parked) != (int)TaskState.Parked;
            }

            // A signal that is not for it (any more): sleep again, and look again at what came meanwhile, for it found nobody asleep.
        }
    }

    private SysResult Interrupted(SysResult blocked)
    {
        SysResult result = Progress > 0 ? (SysResult)Progress : Errno.EINTR;
        if (Progress == 0)
        {
            _interruptedKind = blocked.Restart;
            _wasInterrupted = true;
        }

        if (OnInterrupted is { } hook)
        {
            var changed = hook(this, result);
            if (changed != result)
            {
                _wasInterrupted = false;
                result = changed;
            }
        }

        return result;
    }

    private void LeaveWaits()
    {
        _wait.Clear();
        if (_timeout is { } timer)
        {
            _timeout = null;
            timer.Cancel();
        }

        OnInterrupted = null;
        var state = CallState;
        CallState = null;
        if (state is IDisposable disposable)
        {
            disposable.Dispose();
        }
    }

    /// <summary>Answers the current call and lets the guest continue.</summary>
    internal void Answer(SysResult result)
    {
        LeaveWaits();
        MovedMuch = result.Raw is >= Much and <= int.MaxValue;
        Kernel.Trace?.OnResult(this, _call, result);
        if (IsDead)
        {
            Release();
            _ = Thread.TryRepeat(); // it then waits there for its end
            return;
        }

        if (result.IsNoReturn)
        {
            return;
        }

        var thread = Thread;
        if (SavedMask is { } saved && !_wasInterrupted)
        {
            SavedMask = null;
            SetSignalMask(saved);
        }

        _ = Interlocked.Exchange(ref _state, (int)TaskState.User);
        Kernel.MemoryWatch.Wake();
        WakeCpuLimits();
        if (IsDead)
        {
            // Whoever killed it saw a running call, and left the release to it.
            ReleaseWhenIdle();
            return;
        }

        if (Volatile.Read(ref _signalPending) != 0)
        {
            thread.Interrupt();
        }

        if (result.IsNative)
        {
            var error = Errno.ENOSYS;
            if (_lent is { } backing)
            {
                _lent = null;
                error = thread.ResumeNativeMap(backing, _lentWritable, _lentFd, _lentCode);
                if (error == Errno.OK)
                {
                    return;
                }
            }
            else if (thread.ResumeNative())
            {
                return;
            }

            result = error;
        }

        thread.Resume(result.Raw);
    }
}
