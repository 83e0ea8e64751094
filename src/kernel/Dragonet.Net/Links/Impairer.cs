namespace Dragonet.Net;

/// <summary>A device in front of a wire that does to frames what <see cref="LinkImpairment"/> says. Frames that wait are those of the stack that the interface is in.</summary>
internal sealed class Impairer(EthernetInterface link, LinkImpairment settings, bool isInbound = false) : StackTimer
{
    private readonly PriorityQueue<PacketBuffer, (long Time, long Number)> _waiting = new();
    private ulong _state = settings.Seed;
    private long _number;
    private long _lastDue;
    private long _busyUntil;

    /// <summary>What it does.</summary>
    public LinkImpairment Settings => settings;

    /// <inheritdoc/>
    public override long Deadline => _waiting.TryPeek(out _, out var first) ? first.Time : long.MaxValue;

    /// <summary>Takes a frame; owns it.</summary>
    public void Take(PacketBuffer frame)
    {
        if (settings.IsPartitioned || Happens(settings.Loss))
        {
            Drop(frame);
            return;
        }

        if (Happens(settings.Corruption))
        {
            frame.Bytes[(int)(Next() % (ulong)frame.Length)] ^= (byte)(1 << (int)(Next() & 7));
            frame.IsDamaged = true;
        }

        if (Happens(settings.Duplication))
        {
            var copy = link.Stack.Pool.Copy(frame.Bytes);
            copy.IsDamaged = frame.IsDamaged;
            Send(copy);
        }

        Send(frame);
    }

    /// <inheritdoc/>
    public override void Fire()
    {
        while (_waiting.TryPeek(out var frame, out var first) && first.Time <= link.Stack.Now)
        {
            _ = _waiting.Dequeue();
            Pass(frame);
        }
    }

    /// <summary>The link is good again, or gone: what waits is lost.</summary>
    public void End()
    {
        while (_waiting.TryDequeue(out var frame, out _))
        {
            link.Stack.Pool.Return(frame);
        }

        link.Stack.Timers.Remove(this);
    }

    private void Send(PacketBuffer frame)
    {
        var now = link.Stack.Now;
        var due = now;
        if (settings.Rate > 0)
        {
            _busyUntil = Math.Max(now, _busyUntil) + (long)(frame.Length * 8e9 / settings.Rate);
            due = _busyUntil;
        }

        if (!Happens(settings.Reordering))
        {
            due += settings.Delay + (settings.Jitter > 0 ? (long)(Next() % (ulong)settings.Jitter) : 0);
            due = _lastDue = Math.Max(due, _lastDue);
        }

        if (due <= now && _waiting.Count == 0)
        {
            Pass(frame);
        }
        else if (_waiting.Count >= settings.Queue)
        {
            Drop(frame);
        }
        else
        {
            _waiting.Enqueue(frame, (due, _number++));
            link.Stack.Timers.Update(this);
        }
    }

    private void Pass(PacketBuffer frame)
    {
        if (isInbound)
        {
            link.Receive(frame);
        }
        else
        {
            link.Put(frame);
        }
    }

    private void Drop(PacketBuffer frame)
    {
        if (isInbound)
        {
            link.Counters.ReceiveErrors++;
        }
        else
        {
            link.Counters.SendDrops++;
        }

        link.Stack.Pool.Return(frame);
    }

    private bool Happens(double chance) => chance > 0 && (Next() >> 11) * (1.0 / (1UL << 53)) < chance;

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014).</summary>
    private ulong Next()
    {
        var z = _state += 0x9e37_79b9_7f4a_7c15;
        z = (z ^ z >> 30) * 0xbf58_476d_1ce4_e5b9;
        z = (z ^ z >> 27) * 0x94d0_49bb_1331_11eb;
        return z ^ z >> 31;
    }
}
