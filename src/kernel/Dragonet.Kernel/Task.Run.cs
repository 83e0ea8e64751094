using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>The run loop of one system call: run, wait, run again, answer.</summary>
public sealed partial class Task
{
    private readonly TaskWait _wait;

    // Held while a call runs, until the thread that ran it has left it: one that has parked the call still looks at it, and must not
    // take what another thread has woken, answered and parked anew meanwhile for its own. Not while the guest is let go: its next call
    // may come through another thread before this one is back, and the host may let the guest run in its place.
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
        SysResult answer;
        using (_run.EnterScope())
        {
            Reset(call);
            if (!RunCall(out answer))
            {
                return;
            }
        }

        Resume(answer);
    }

    private void Reset(in SystemCall call)
    {
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
    }

    /// <summary>The ready queue brings a call that may continue.</summary>
    internal void Continue()
    {
        SysResult answer;
        using (_run.EnterScope())
        {
            if (Interlocked.CompareExchange(ref _state, (int)TaskState.Kernel, (int)TaskState.Ready) != (int)TaskState.Ready || !RunCall(out answer))
            {
                return;
            }
        }

        Resume(answer);
    }

    /// <summary>Called from wait queues: only marks and enqueues.</summary>
    internal void MakeReady()
    {
        if (Interlocked.CompareExchange(ref _state, (int)TaskState.Ready, (int)TaskState.Parked) == (int)TaskState.Parked)
        {
            Kernel.Ready.Enqueue(this);
        }
    }

    /// <returns>True when the guest is to be resumed with the answer, which is then the caller's to do.</returns>
    private bool RunCall(out SysResult answer)
    {
        answer = default;
        while (!IsDead)
        {
            _wait.Reset();
            var result = Kernel.Personality.Dispatch(this, _call);
            if (!result.IsBlocked)
            {
                answer = result;
                return Answer(result);
            }

            if (RepeatToWait())
            {
                answer = SysResult.NoReturn;
                return true;
            }

            if (HasSignalFor(result.Restart))
            {
                answer = Interrupted(result);
                return Answer(answer);
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
                return false;
            }
        }

        LeaveWaits();
        Release();
        return false;
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

    /// <summary>The current call is over.</summary>
    /// <returns>True when the guest is to be resumed.</returns>
    private bool Answer(SysResult result)
    {
        LeaveWaits();
        MovedMuch = result.Raw is >= Much and <= int.MaxValue;
        Kernel.Trace?.OnResult(this, _call, result);
        if (IsDead)
        {
            Release();
            _ = Thread.TryRepeat(); // it then waits there for its end
            return false;
        }

        if (result.IsNoReturn)
        {
            return false;
        }

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
            return false;
        }

        if (Volatile.Read(ref _signalPending) != 0)
        {
            Thread.Interrupt();
        }

        return true;
    }

    /// <summary>Lets the guest go on. It may be back before this returns.</summary>
    /// <param name="result">Its answer; <see cref="SysResult.NoReturn"/>: it makes the call again, to wait.</param>
    private void Resume(SysResult result)
    {
        var thread = Thread;
        if (result.IsNoReturn)
        {
            _ = thread.TryRepeat();
            return;
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
