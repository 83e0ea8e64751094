namespace Dragonet.Kernel;

/// <summary>
/// Divides processors between jails that all want more than there is, by their cpu.shares. The host's scheduler is fair to threads; here a jail
/// with a thousand of them gets no more than one with a single one. Whoever is ahead of its share while another one waits is held for some
/// milliseconds; and of one with many processes that want to run, only some run at a time (<see cref="CpuTurns"/>). Nothing is looked at before two jails run and threads wait for processors, and nothing afterwards.
/// </summary>
internal sealed class CpuShares(Kernel kernel)
{
    private const long Period = 5_000_000;   // nanoseconds between two looks while there is something to divide
    private const long Glance = 500_000;     // nanoseconds between two glances while a jail is held
    private const long Ahead = 4_000_000;    // processor time beyond its share that is still no reason to hold a jail
    private const long MostLag = 40_000_000;
    private const int Calm = 20;             // looks without contention until there are no more
    private const long Awake = 100_000_000;  // nanoseconds after it ran last that a jail counts as awake

    private readonly Dictionary<Jail, Share> _shares = []; // used by prompt timers, and by Notice while none of them is armed; as all below
    private long _time;
    private long _elapsed;
    private int _calm;
    private bool _running;
    private bool _glances; // the next glance is ordered

    /// <summary>From time to time while guests run.</summary>
    internal void Notice()
    {
        if (!_running && kernel.Platform.RunnableThreads > kernel.HostProcessors.Count && Measure() > 1)
        {
            _running = true;
            _calm = 0;
            Arm();
        }
    }

    private void Arm() => kernel.PromptTimers.Add(kernel.Clock.MonotonicNanoseconds + Period, Look);

    /// <summary>What each jail used since the last look.</summary>
    /// <returns>How many did run, or want to.</returns>
    private int Measure()
    {
        var now = kernel.Clock.MonotonicNanoseconds;
        var elapsed = now - _time;
        _time = now;
        _elapsed = elapsed;
        var active = 0;
        var jails = kernel.Jails.Top();
        foreach (var gone in _shares.Keys.Where(jail => jail.IsGone).ToList())
        {
            _shares[gone].Turns.Release();
            _ = _shares.Remove(gone);
        }

        foreach (var jail in jails)
        {
            if (!_shares.TryGetValue(jail, out var share))
            {
                _shares.Add(jail, share = new Share { Turns = new CpuTurns(jail) });
            }

            var used = jail.Cpu.Used;
            share.Delta = used - share.Used;
            share.Used = used;
            share.Wants = share.Held || jail.HasRunnable;
            share.IsActive = share.Wants || share.Delta > elapsed / 100;
            share.LastRun = share.IsActive ? now : share.LastRun;
            share.Weight = jail.ShareWeight;
            active += share.IsActive ? 1 : 0;
        }

        return active;
    }

    private void Look()
    {
        var active = Measure();
        var crowded = kernel.Platform.RunnableThreads > kernel.HostProcessors.Count;
        _calm = active > 1 && (crowded || _shares.Values.Any(static share => share.Held || share.Turns.IsActive)) ? 0 : _calm + 1;
        Divide();
        var waits = _shares.Values.Any(static share => share.IsActive && share.Wants && share.Lag > 0);
        foreach (var (jail, share) in _shares)
        {
            var hold = active > 1 && waits && (share.Held ? share.Lag < 0 : crowded && share.Lag < -Ahead);
            if (hold != share.Held)
            {
                share.Held = hold;
                jail.Cpu.SetOverShare(hold);
            }
        }

        var awake = _shares.Values.Count(share => _time - share.LastRun < Awake);
        foreach (var share in _shares.Values)
        {
            share.Turns.Next(awake > (_time - share.LastRun < Awake ? 1 : 0), kernel.HostProcessors.Count, (double)share.Delta / Math.Max(_elapsed, 1));
        }

        if (_calm > Calm)
        {
            foreach (var share in _shares.Values)
            {
                share.Lag = 0;
                share.Turns.Release();
            }

            _running = false;
            return;
        }

        Arm();
        ArmGlance();
    }

    private void ArmGlance()
    {
        if (!_glances && _shares.Values.Any(static share => share.Held))
        {
            _glances = true;
            kernel.PromptTimers.Add(kernel.Clock.MonotonicNanoseconds + Glance, GlanceAtHeld);
        }
    }

    /// <summary>A jail is held so that others get their share. When none of them wants it any more, which may be because they wait for the one that is
    /// held, and processors are idle, it goes on.</summary>
    private void GlanceAtHeld()
    {
        _glances = false;
        if (kernel.Platform.RunnableThreads <= kernel.HostProcessors.Count // and this thread is one of them
            && !_shares.Any(static pair => pair.Value is { Held: false, Lag: > 0 } && pair.Key.HasRunnable))
        {
            foreach (var (jail, share) in _shares)
            {
                if (share.Held)
                {
                    share.Held = false;
                    share.Lag = 0; // what nobody wants is nobody's loss
                    jail.Cpu.SetOverShare(false);
                }
            }
        }

        ArmGlance();
    }

    /// <summary>Gives each active jail its part of what all of them used together; what one does not want is for the others.</summary>
    private void Divide()
    {
        var open = _shares.Values.Where(static share => share.IsActive).ToList();
        foreach (var idle in _shares.Values.Where(static share => !share.IsActive))
        {
            idle.Lag = 0;
        }

        double rest = open.Sum(static share => share.Delta);
        for (var again = true; again && open.Count > 0;)
        {
            again = false;
            var weight = open.Sum(static share => (double)share.Weight);
            foreach (var content in open.Where(share => !share.Wants && share.Delta < rest * share.Weight / weight).ToList())
            {
                rest -= content.Delta;
                content.Lag = Math.Min(content.Lag, 0);
                again = open.Remove(content);
            }
        }

        var total = open.Sum(static share => (double)share.Weight);
        foreach (var share in open)
        {
            share.Lag = Math.Clamp(share.Lag + (long)(rest * share.Weight / total) - share.Delta, -MostLag, MostLag);
        }
    }

    /// <summary>How a jail stands.</summary>
    private sealed class Share
    {
        internal long Used;
        internal long Delta;
        internal long Lag;    // nanoseconds that it is behind its share; negative when it is ahead
        internal long Weight;
        internal bool IsActive;
        internal bool Wants;  // it would run, if it could
        internal bool Held;
        internal long LastRun = long.MinValue / 2; // when it was seen active
        internal required CpuTurns Turns;
    }
}
