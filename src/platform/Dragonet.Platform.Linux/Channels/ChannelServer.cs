using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using Dragonet.Platform.Linux.Guests;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// The host thread that serves the channels of busy guests. It spins while, and only while, a processor is idle otherwise: as soon as
/// more threads want to run than there are processors, or nothing has been asked for a moment, it sleeps, and guests use notifications.
/// </summary>
internal sealed class ChannelServer
{
    /// <summary>Microseconds without spinning after a guest thread has begun.</summary>
    private const long RoomForNew = 3000;

    private static readonly long s_microsecond = Stopwatch.Frequency / 1_000_000;

    private readonly Action<GuestThread, Channel> _serve;
    private readonly bool _always;
    private readonly bool _never;
    private readonly RunQueue _runQueue = new();
    private readonly Lock _lock = new();
    private readonly Gate _wake = new();
    private readonly ConcurrentQueue<Channel> _retired = new();
    private Channel[] _channels = [];     // replaced as a whole, under _lock
    private bool _running;                // guarded by _lock
    private Thread? _thread;              // guarded by _lock
    private volatile bool _stopped;
    private long _notBefore;              // timestamp before which no spinning starts
    private volatile bool _yield;         // a new thread wants the processor
    private long _pause = 1000;           // length of the next pause, in microseconds

    /// <param name="serve">Runs a claimed request.</param>
    /// <param name="spin">Spin also when others wait for a processor (true), or never (false).</param>
    internal ChannelServer(Action<GuestThread, Channel> serve, bool? spin)
    {
        _serve = serve;
        _always = spin == true;
        _never = spin == false;
    }

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
        if (_never || !IsWelcome)
        {
            return;
        }

        lock (_lock)
        {
            if (_stopped || channel.IsActive)
            {
                return;
            }

            // The caller is running and the guest will be; is there one more processor?
            if (!_running && !_always && _runQueue.Length >= Environment.ProcessorCount)
            {
                Volatile.Write(ref _notBefore, Stopwatch.GetTimestamp() + (5000 * s_microsecond));
                return;
            }

            _yield = false;
            _channels = [.. _channels, channel];
            channel.IsActive = true;
            if (!_running)
            {
                _running = true;
                if (_thread is null)
                {
                    _thread = new Thread(Run, 512 * 1024) { IsBackground = true, Name = "channels" };
                    _thread.Start();
                }

                _wake.Open();
            }
        }
    }

    /// <summary>The processes of a channel are gone: frees it as soon as the thread does not look at it any more.</summary>
    internal void Retire(Channel channel)
    {
        lock (_lock)
        {
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
        var (last, looked, checkedAt) = (started, started, started);
        for (var idle = 0; !_stopped;)
        {
            if (ServeAll(Volatile.Read(ref _channels)))
            {
                idle = 0;
            }
            else
            {
                X86Base.Pause();
            }

            if ((++idle & 31) != 0)
            {
                continue;
            }

            FreeRetired();
            if (_yield)
            {
                return;
            }

            var now = Stopwatch.GetTimestamp();
            if (idle == 32)
            {
                last = now;
            }

            if (now - last > 200 * s_microsecond)
            {
                return;
            }

            // A hole in time: this thread was not on a processor. Or look who else wants one.
            var crowded = idle > 32 && now - looked > 300 * s_microsecond;
            if (now - checkedAt > 2000 * s_microsecond)
            {
                checkedAt = now;
                crowded |= _runQueue.Length > Environment.ProcessorCount;
            }

            looked = now;
            if (crowded && !_always)
            {
                _pause = now - started > 20_000 * s_microsecond ? 2000 : Math.Min(_pause * 2, 100_000);
                Volatile.Write(ref _notBefore, now + (_pause * s_microsecond));
                return;
            }
        }
    }

    private bool ServeAll(Channel[] channels)
    {
        var any = false;
        foreach (var channel in channels)
        {
            if (channel.TryClaim())
            {
                any = true;
                if (channel.Thread is { } thread)
                {
                    _serve(thread, channel);
                }
                else
                {
                    channel.Repeat();
                }
            }
        }

        return any;
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
        _ = ServeAll(left);
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
