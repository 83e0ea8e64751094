using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>A timer to wait for (timerfd_create(2)). Thread-safe. Realtime deadlines are converted when they are set: the clock is not stepped.</summary>
public sealed class TimerFile(Kernel kernel, ClockId clock, OpenFlags flags) : AnonymousFile("timerfd", flags)
{
    private readonly KernelLock _lock = new(LockRank.Object);
    private readonly WaitQueue _queue = new();
    private KernelTimer? _timer; // guarded by _lock
    private long _next;          // guarded by _lock: monotonic nanoseconds of the next expiration; 0 when disarmed
    private long _interval;      // guarded by _lock
    private long _expirations;   // guarded by _lock: counted and not read
    private int _settings;       // guarded by _lock: flags of the last settime

    /// <summary>The clock it counts by.</summary>
    public ClockId Clock => clock;

    /// <inheritdoc/>
    public override string FdInfo
    {
        get
        {
            var (value, interval) = Get();
            var (left, every) = (timespec.FromNanoseconds(value), timespec.FromNanoseconds(interval));
            return $"clockid: {(int)clock}\nticks: {_expirations}\nsettime flags: 0{Convert.ToString(_settings, 8)}\n"
                + $"it_value: ({left.tv_sec}, {left.tv_nsec})\nit_interval: ({every.tv_sec}, {every.tv_nsec})\n";
        }
    }

    /// <summary>Arms it, or disarms it with a first expiration of 0.</summary>
    /// <param name="first">The first expiration in nanoseconds: from now, or a time of its clock.</param>
    /// <param name="interval">Nanoseconds between the later ones, or 0.</param>
    /// <param name="absolute">TFD_TIMER_ABSTIME.</param>
    /// <param name="settings">The flags as given, for fdinfo.</param>
    /// <returns>What was left of the old setting.</returns>
    public (long Value, long Interval) Set(long first, long interval, bool absolute, int settings)
    {
        using (_lock.Enter())
        {
            var now = kernel.Clock.MonotonicNanoseconds;
            var old = (LeftLocked(now), _interval);
            _timer?.Cancel();
            _timer = null;
            _expirations = 0;
            _interval = interval;
            _settings = settings;
            _next = first == 0 ? 0 : Math.Max(1, absolute ? ClockMath.ToMonotonic(kernel, clock, first) : ClockMath.Add(now, first));
            ArmLocked();
            return old;
        }
    }

    /// <summary>What is left until the next expiration, and the interval.</summary>
    public (long Value, long Interval) Get()
    {
        using (_lock.Enter())
        {
            return (LeftLocked(kernel.Clock.MonotonicNanoseconds), _interval);
        }
    }

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        if (destination.Length < 8)
        {
            return Errno.EINVAL;
        }

        using (_lock.Enter())
        {
            ForwardLocked(kernel.Clock.MonotonicNanoseconds);
            if (_expirations == 0)
            {
                return Errno.EAGAIN;
            }

            BinaryPrimitives.WriteInt64LittleEndian(destination, _expirations);
            _expirations = 0;
            ArmLocked();
        }

        return 8;
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(_queue);
        using (_lock.Enter())
        {
            var due = _expirations > 0 || (_next != 0 && kernel.Clock.MonotonicNanoseconds >= _next);
            return due ? PollEvents.POLLIN | PollEvents.POLLRDNORM : PollEvents.None;
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease() => _ = Set(0, 0, absolute: false, 0);

    private void ArmLocked()
    {
        _timer?.Cancel();
        _timer = _next == 0 ? null : kernel.Timers.Add(_next, OnExpired);
    }

    /// <summary>Fires once; the next expiration is armed by the read, as nobody waits before it.</summary>
    private void OnExpired()
    {
        using (_lock.Enter())
        {
            if (_next == 0 || kernel.Clock.MonotonicNanoseconds < _next)
            {
                return;
            }
        }

        _ = _queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }

    private long LeftLocked(long now)
    {
        ForwardLocked(now);
        return _next == 0 ? 0 : _next - now;
    }

    /// <summary>Counts what has expired.</summary>
    private void ForwardLocked(long now)
    {
        if (_next == 0 || now < _next)
        {
            return;
        }

        if (_interval == 0)
        {
            _expirations++;
            _next = 0;
            return;
        }

        var passed = (now - _next) / _interval + 1;
        _expirations += passed;
        _next += passed * _interval;
    }
}
