namespace Dragonet.Platform.Linux.Channels;

/// <summary>The signal mask in the shared pages.</summary>
internal sealed unsafe partial class Channel : ISignalMaskLease
{
    private ulong _mask;         // as last seen; guarded by _lock
    private volatile bool _lent; // written under _lock

    /// <inheritdoc/>
    public bool IsLent => _lent;

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
