using Dragonet.Abi;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>What the pages say of threads that are made with them (<see cref="ChannelCode.ThreadFlags"/>).</summary>
internal sealed unsafe partial class Channel
{
    /// <summary>The host's number of the thread that has these pages, as the host, or a hostile guest, wrote it; 0 before.</summary>
    internal int HostTid => Look(ChannelLayout.HostTid);

    /// <summary>The thread that has these pages shall say when it may be interrupted, which is when it has its signal stack.</summary>
    /// <returns>False when it has.</returns>
    internal bool TryAwait()
    {
        lock (_lock)
        {
            return !_disposed && Interlocked.CompareExchange(ref Word(ChannelLayout.Ready), ChannelLayout.IsAwaited, 0) != ChannelLayout.IsReady;
        }
    }

    /// <summary>A thread is about to be made that will have these pages.</summary>
    internal void PrepareBirth()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                Volatile.Write(ref Word(ChannelLayout.HostTid), 0);
                Volatile.Write(ref Word(ChannelLayout.Ready), 0);
            }
        }
    }

    /// <summary>Where the number of the new thread goes for its maker, whose pages these are, and the address behind its call.</summary>
    internal bool TryReadMaking(out ulong parentTid, out ulong after)
    {
        lock (_lock)
        {
            (parentTid, after) = _disposed ? default : (Unsafe<ulong>(ChannelLayout.ParentTid), Unsafe<ulong>(ChannelLayout.Return) + 2);
            return !_disposed;
        }
    }

    /// <summary>What the maker's call returns when the host has made the thread.</summary>
    internal void AnswerMaking(long value)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                Unsafe<long>(ChannelLayout.Result) = value;
                Volatile.Write(ref Unsafe<ulong>(ChannelLayout.NextSlot), 0);
            }
        }
    }

    /// <summary>The slot of the next thread that this one makes; 0 for none.</summary>
    internal void SetNextSlot(ulong address)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                Volatile.Write(ref Unsafe<ulong>(ChannelLayout.NextSlot), address);
            }
        }
    }

    private int Look(int offset)
    {
        lock (_lock)
        {
            return _disposed ? 0 : Volatile.Read(ref Word(offset));
        }
    }
}
