namespace Dragonet.Kernel;

/// <summary>
/// The processor time of a jail with all jails in it: how much it had, and whether it may run now. A jail that may not is held: the host does
/// not run its guest code, as after SIGSTOP, but nobody sees a stop. Thread-safe.
/// </summary>
internal sealed class JailCpu
{
    private const long LeastLook = 50_000_000; // nanoseconds between two looks that tell a rate

    private readonly Jail _jail;
    private readonly Lock _look = new(); // a leaf
    private volatile bool _overLimit;
    private volatile bool _overShare;
    private long _most;       // nanoseconds that it was seen to have had; a process that is just going is missed for a moment
    private long _lookTime;   // guarded by _look
    private long _lookUsed;   // guarded by _look
    private long _percent;    // guarded by _look

    internal JailCpu(Jail jail) => _jail = jail;

    /// <summary>It may not run now.</summary>
    internal bool IsHeld => _overLimit || _overShare;

    /// <summary>Nanoseconds of processors, of all its processes, those that are gone, too. Never less than before.</summary>
    internal long Used
    {
        get
        {
            var used = _jail.PastCpuTime;
            foreach (var process in _jail.Kernel.Jails.ProcessesIn(_jail))
            {
                used += ResourceUse.CpuTime(process);
            }

            for (var most = Interlocked.Read(ref _most); used > most; most = Interlocked.Read(ref _most))
            {
                _ = Interlocked.CompareExchange(ref _most, used, most);
            }

            return Interlocked.Read(ref _most);
        }
    }

    /// <summary>Per cent of a processor since the last look, which was a moment ago at least.</summary>
    internal long Percent
    {
        get
        {
            var (now, used) = (_jail.Kernel.Clock.MonotonicNanoseconds, Used);
            lock (_look)
            {
                if (now - _lookTime >= LeastLook)
                {
                    _percent = (((used - _lookUsed) * 100) + ((now - _lookTime) / 2)) / (now - _lookTime);
                    (_lookTime, _lookUsed) = (now, used);
                }

                return _percent;
            }
        }
    }

    /// <summary>It has had all that its limit allows for now, or may go on.</summary>
    internal void SetOverLimit(bool over)
    {
        _overLimit = over;
        Apply();
    }

    /// <summary>It has had more than its share while others wait, or may go on.</summary>
    internal void SetOverShare(bool over)
    {
        if (_overShare != over)
        {
            _overShare = over;
            Apply();
        }
    }

    private void Apply()
    {
        foreach (var process in _jail.Kernel.Jails.ProcessesIn(_jail))
        {
            process.ApplyHold();
        }
    }
}
