namespace Dragonet.Fs.Procfs;

/// <summary>The three load averages. Nothing ticks for them: what was used since the last look is decayed over the time in between.
/// Thread-safe.</summary>
internal sealed class LoadAverage
{
    private readonly Lock _lock = new();
    private readonly double[] _averages = new double[3]; // guarded by _lock
    private long _lastTime;                              // guarded by _lock
    private long _lastUsed;                              // guarded by _lock

    /// <summary>Averages over 1, 5 and 15 minutes.</summary>
    /// <param name="now">Monotonic nanoseconds.</param>
    /// <param name="used">CPU time of all processes since boot, in nanoseconds.</param>
    internal (double One, double Five, double Fifteen) Update(long now, long used)
    {
        lock (_lock)
        {
            var elapsed = now - _lastTime;
            if (elapsed > 0)
            {
                var active = Math.Max(0, used - _lastUsed) / (double)elapsed;
                Decay(0, 60);
                Decay(1, 300);
                Decay(2, 900);
                _lastTime = now;
                _lastUsed = used;

                void Decay(int index, double seconds)
                {
                    var kept = Math.Exp(-elapsed / 1e9 / seconds);
                    _averages[index] = (_averages[index] * kept) + (active * (1 - kept));
                }
            }

            return (_averages[0], _averages[1], _averages[2]);
        }
    }
}
