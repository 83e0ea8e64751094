using Dragonet.Platform;

namespace Dragonet.Kernel;

/// <summary>
/// Calls that came a quick way whose answer cannot wait (<see cref="VmThread.TryRepeat"/>): one that would block is made again by
/// the guest, in a trap that can. What it had done by then is kept for that moment.
/// </summary>
public sealed partial class Task
{
    private long _keptProgress;
    private SystemCall _keptCall;

    /// <summary>A signal comes between a call that had done a part and its repetition: the part is the answer, as for any call that a
    /// signal ends (write(2)). The caller is right before the call's instruction.</summary>
    public bool TakePartialAnswer(out long done, out ulong next)
    {
        done = _keptProgress;
        next = _keptCall.InstructionPointer;
        _keptProgress = 0;
        return done > 0;
    }

    /// <returns>True when the guest is to make the call again.</returns>
    private bool RepeatToWait()
    {
        if (!Thread.IsQuick)
        {
            Thread.OnWait();
            return false;
        }

        _keptProgress = Progress;
        _keptCall = _call;
        LeaveWaits();
        _ = Interlocked.Exchange(ref _state, (int)TaskState.User);
        if (IsDead)
        {
            // Whoever killed it saw a running call, and left the release to it.
            ReleaseWhenIdle();
        }

        return true;
    }

    private long TakeKeptProgress(in SystemCall call)
    {
        var kept = _keptProgress;
        _keptProgress = 0;
        return kept > 0 && call == _keptCall ? kept : 0;
    }
}
