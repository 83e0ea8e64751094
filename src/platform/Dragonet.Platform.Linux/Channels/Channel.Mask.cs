namespace Dragonet.Platform.Linux.Channels;

/// <summary>What the guest keeps in the shared pages by itself: the signal mask, the head of the robust list.</summary>
internal sealed unsafe partial class Channel : ISignalMaskLease
{
    private ulong _mask;         // as last seen; guarded by _lock
    private volatile bool _lent; // written under _lock

    /// <inheritdoc/>
    public bool IsLent => _lent;

    /// <summary>What set_robust_list(2) set without a call; null for nothing.</summary>
    internal ulong? RobustList
    {
        get
        {
            lock (_lock)
            {
                return !_disposed && Volatile.Read(ref Unsafe<ulong>(ChannelLayout.RobustList)) is not ChannelLayout.None and var head ? head : null;
            }
        }

        set
        {
            lock (_lock)
            {
                if (!_disposed)
                {
                    Volatile.Write(ref Unsafe<ulong>(ChannelLayout.RobustList), value ?? ChannelLayout.None);
                }
            }
        }
    }

    /// <summary>A thread is about to begin in its slot.</summary>
    /// <param name="identity">Who it is.</param>
    /// <param name="mask">Its signal mask, to be lent; null when it shall not be.</param>
    internal void Begin(ReadOnlySpan<long> identity, ulong? mask)
    {
        SetIdentity(identity);
        RobustList = null;
        if (mask is { } lent)
        {
            Lend(lent);
        }
    }

    /// <inheritdoc/>
    public ulong Mask
    {
        get
        {
            lock (_lock)
            {
                return LookAtMask();
            }
        }
    }

    /// <inheritdoc/>
    public void Lend(ulong mask)
    {
        lock (_lock)
        {
            _mask = mask;
            if (!_disposed)
            {
                Volatile.Write(ref Unsafe<ulong>(ChannelLayout.Mask), mask);
                Volatile.Write(ref Word(ChannelLayout.MaskLent), 1);
                _lent = true;
            }
        }
    }

    /// <inheritdoc/>
    public ulong Recall()
    {
        lock (_lock)
        {
            _lent = false;
            if (!_disposed)
            {
                // The guest swaps its mask in and looks at this word afterwards: it sees it, or we see its mask.
                _ = Interlocked.Exchange(ref Word(ChannelLayout.MaskLent), 0);
            }

            return LookAtMask();
        }
    }

    private ulong LookAtMask()
    {
        if (!_disposed)
        {
            _mask = Volatile.Read(ref Unsafe<ulong>(ChannelLayout.Mask));
        }

        return _mask;
    }
}
