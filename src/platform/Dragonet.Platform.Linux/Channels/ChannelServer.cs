using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// The host thread that serves the channels of busy guests. It spins while a processor is idle otherwise; where more threads want to run
/// than there are processors it spins while that saves more processor time than it costs (<see cref="SpinAccount"/>). Else, and when
/// nothing has been asked for a moment, it sleeps, and guests ring.
/// </summary>
internal sealed class ChannelServer
{
    /// <summary>Microseconds without spinning after a guest thread has begun.</summary>
    private const long RoomForNew = 3000;

    /// <summary>Microseconds of the first and the longest pause after spinning was not worth it.</summary>
    private const long FirstPause = 1000, LongestPause = 20_000;

    /// <summary>Windows of all guests together: 16 MiB.</summary>
    private const int MostWindows = 128;

    /// <summary>Microseconds after which whoever else wants this processor may run.</summary>
    private const long Turn = 50;

    /// <summary>Looks at all channels between looks at the clock.</summary>
    private const int LooksAtOnce = 32;

    private static readonly long s_microsecond = Stopwatch.Frequency / 1_000_000;

    private readonly Action<GuestThread, Channel> _serve;
    private readonly byte[] _mask;
    private readonly bool _always;
    private readonly bool _never;
    private readonly RunQueue _runQueue = new();
    private readonly Lock _lock = new();
    private readonly Gate _wake = new();
    private readonly ConcurrentQueue<Channel> _retired = new();
    private Channel[] _channels = [];     // replaced as a whole, under _lock
    private bool _running;                // guarded by _lock
    private volatile int _hostThread;     // its number at the host; 0 before it runs
    private Thread? _thread;              // guarded by _lock
    private volatile bool _stopped;
    private long _notBefore;              // timestamp before which no spinning starts
    private volatile bool _yield;         // a new thread wants the processor
    private volatile bool _missed;        // a guest waited in vain, and rings since
    private volatile bool _crowded;       // more want to run than there are processors
    private long _pause = FirstPause;     // length of the next pause, in microseconds; the serving thread's
    private SpinAccount _account = new(s_microsecond); // the serving thread's
    private long _emptyLook = s_microsecond; // the shortest look at all channels that found nothing; the serving thread's

    /// <param name="serve">Runs a claimed request.</param>
    /// <param name="spin">Spin also when others wait for a processor (true), or never (false).</param>
    /// <param name="mask">The processors of the host that this process may use.</param>
    internal ChannelServer(Action<GuestThread, Channel> serve, bool? spin, byte[] mask)
    {
        _serve = serve;
        _mask = mask;
        _always = spin == true;
        _never = spin == false;
    }

    /// <summary>What is left of the windows.</summary>
    internal HostBudget Windows { get; } = new(MostWindows);

    /// <summary>False while no channel would be served.</summary>
    internal bool IsWelcome => IsForced || Stopwatch.GetTimestamp() >= Volatile.Read(ref _notBefore);

    /// <summary>Somebody decided how channels are served, rather than the load.</summary>
    internal bool IsForced => _always || _never;

    /// <summary>A guest thread begins: the host shall find a processor for it, not one that spins. Where many begin, nobody does.</summary>
    internal void MakeRoom()
    {
        if (!IsForced)
        {
            Volatile.Write(ref _notBefore, Math.Max(Volatile.Read(ref _notBefore), Stopwatch.GetTimestamp() + (RoomForNew * s_microsecond)));
            _yield = true;
        }
    }

    /// <summary>Serves this channel too, if a processor is free for it.</summary>
    internal void Activate(Channel channel)
    {
        if (_never || !IsWelcome || (Environment.ProcessorCount == 1 && !_always))
        {
            return;
        }

        lock (_lock)
        {
            if (_stopped || channel.IsRetired)
            {
                return;
            }

            if (Array.IndexOf(_channels, channel) >= 0)
            {
                _missed = true; // another thread had the slot, or this one waited in vain
                return;
            }

            // The caller is running and the guest will be; is there one more processor?
            _crowded = _running ? _crowded : _runQueue.Length >= Environment.ProcessorCount;
            _yield = false;
            _channels = [.. _channels, channel];
            channel.IsActive = true;
            if (!_running)
            {
                _running = true;
                HostScheduling.Avoid(_hostThread, _mask);
                if (_thread is null)
                {
                    _thread = new Thread(Run, 512 * 1024) { IsBackground = true, Name = "channels" };
                    _thread.Start();
                }

                _wake.Open();
            }
        }
    }

    /// <summary>A guest took its request back: the serving thread is not on a processor. The guest shall not wait for it again before it is.</summary>
    internal void Missed(Channel channel)
    {
        channel.IsActive = false;
        _missed = true;
    }

    /// <summary>The processes of a channel are gone: frees it as soon as the thread does not look at it any more.</summary>
    internal void Retire(Channel channel)
    {
        lock (_lock)
        {
            channel.IsRetired = true; // a call of its last thread may still be on its way to Activate
            _channels = Array.FindAll(_channels, other => other != channel);
            if (_running)
            {
                _retired.Enqueue(channel);
                return;
            }
        }

        channel.Dispose();
    }

    /// <summary>Ends the thread; when it returns no channel is looked at any more.</summary>
    internal void Stop()
    {
        _stopped = true;
        _wake.Open();
        Thread? thread;
        lock (_lock)
        {
            thread = _thread;
        }

        if (thread != Thread.CurrentThread)
        {
            thread?.Join();
        }
    }

    private void Run()
    {
        _hostThread = (int)Host.Call(Nr.gettid);
        while (true)
        {
            _wake.Wait();
            do
            {
                Spin();
            }
            while (!Leave());

            if (_stopped)
            {
                return;
            }
        }
    }

    private void Spin()
    {
        var started = Stopwatch.GetTimestamp();
        var (last, looked, checkedAt, yielded) = (started, started, started, started);
        _account.Begin();
        while (!_stopped && !_yield)
        {
            var (answered, repeated, empty) = (0, 0, 0);
            for (var i = 0; i < LooksAtOnce; i++)
            {
                if (!ServeAll(Volatile.Read(ref _channels), ref answered, ref repeated))
                {
                    empty++;
                    X86Base.Pause();
                }
            }

            FreeRetired();
            var now = Stopwatch.GetTimestamp();
            var (passed, asked) = (now - looked, answered + repeated > 0);
            looked = now;
            last = asked ? now : last;
            if (now - last > 200 * s_microsecond)
            {
                _pause = FirstPause;
                return;
            }

            // A hole in time: this thread was not on a processor. Or look who else wants one.
            var hole = passed > 300 * s_microsecond;
            if (now - checkedAt > 2000 * s_microsecond)
            {
                checkedAt = now;
                Crowded(_runQueue.Length > Environment.ProcessorCount);
            }
            else if (hole && !asked)
            {
                Crowded(true);
            }

            if (_missed)
            {
                Return();
            }

            // Who was woken meanwhile for this processor need not wait for the host's next tick.
            if (now - yielded > Turn * s_microsecond)
            {
                _ = Host.Call(Nr.sched_yield);
                yielded = now;
            }

            _emptyLook = asked ? _emptyLook : Math.Min(_emptyLook, passed / LooksAtOnce);
            var looking = Math.Min(empty * _emptyLook, passed);
            _account.Add(answered, repeated, looking, hole ? 0 : passed - looking);
            if (_crowded && !_account.Pays && !_always)
            {
                _pause = now - started > 20_000 * s_microsecond ? FirstPause : Math.Min(_pause * 2, LongestPause);
                Volatile.Write(ref _notBefore, now + (_pause * s_microsecond));
                return;
            }
        }
    }

    private void Crowded(bool crowded)
    {
        if (crowded && !_crowded)
        {
            _account.Begin();
        }

        _crowded = crowded;
    }

    /// <summary>This thread was away for so long that guests rang; it is back.</summary>
    private void Return()
    {
        _missed = false;
        lock (_lock)
        {
            foreach (var channel in _channels)
            {
                channel.IsActive = true;
            }
        }
    }

    private bool ServeAll(Channel[] channels, ref int answered, ref int repeated)
    {
        var any = false;
        foreach (var channel in channels)
        {
            if (!channel.TryClaim())
            {
                continue;
            }

            any = true;
            Serve(channel, ref answered, ref repeated);
            if (!_always && channel.Thread is { WaitsOften: true })
            {
                Dismiss(channel, ref answered, ref repeated);
            }
        }

        return any;
    }

    private void Serve(Channel channel, ref int answered, ref int repeated)
    {
        if (channel.Thread is not { } thread)
        {
            channel.Repeat();
            return;
        }

        _serve(thread, channel);
        if (channel.IsRepeated)
        {
            repeated++;
        }
        else
        {
            answered++;
        }
    }

    /// <summary>A guest that mostly waits for others shall ring: its thread and theirs then follow each other on one processor.</summary>
    private void Dismiss(Channel channel, ref int answered, ref int repeated)
    {
        lock (_lock)
        {
            _channels = Array.FindAll(_channels, other => other != channel);
            channel.IsActive = false;
        }

        Interlocked.MemoryBarrier();
        if (channel.TryClaim())
        {
            Serve(channel, ref answered, ref repeated);
        }
    }

    /// <summary>Tells the guests, and answers those who had asked before they could know. No lock is held while a call runs.</summary>
    /// <returns>False when there is work again.</returns>
    private bool Leave()
    {
        Channel[] left;
        lock (_lock)
        {
            left = _channels;
            _channels = [];
            foreach (var channel in left)
            {
                channel.IsActive = false;
            }
        }

        Interlocked.MemoryBarrier();
        var (answered, repeated) = (0, 0);
        _ = ServeAll(left, ref answered, ref repeated);
        bool done;
        lock (_lock)
        {
            done = _channels.Length == 0 || _stopped;
            _running = !done;
        }

        FreeRetired();
        return done;
    }

    /// <summary>On the serving thread, between looks at the channels.</summary>
    private void FreeRetired()
    {
        while (_retired.TryDequeue(out var channel))
        {
            channel.Dispose();
        }
    }
}
