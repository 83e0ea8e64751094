using Dragonet.Base;

namespace Dragonet.Net;

/// <summary>
/// Frames that other stacks have put into a link, until this end's stack takes them. Each stack runs under a lock of its owner, and none waits
/// for another: this queue, whose lock is held for the moment of one change, is all that they share.
/// </summary>
internal sealed class LinkInbox(EthernetInterface link)
{
    private const int MaxQueue = 1024;

    private readonly KernelLock _lock = new(LockRank.NetworkLink);
    private Queue<PacketBuffer> _frames = new(4); // guarded by _lock
    private Queue<PacketBuffer> _spare = new(4);  // of the stack that takes
    private Stack? _stack;                        // guarded by _lock; null: nobody takes frames
    private bool _isAnnounced;                    // guarded by _lock

    /// <summary>Frames that wait.</summary>
    public int Count
    {
        get
        {
            using (_lock.Enter())
            {
                return _frames.Count;
            }
        }
    }

    /// <summary>The end belongs to a stack.</summary>
    public void Open(Stack stack)
    {
        using (_lock.Enter())
        {
            _stack = stack;
        }
    }

    /// <summary>The end leaves its stack: what is under way to it is lost.</summary>
    public void Close()
    {
        using (_lock.Enter())
        {
            _stack = null;
            _isAnnounced = false;
            while (_frames.TryDequeue(out var frame))
            {
                PacketPool.Discard(frame);
            }
        }
    }

    /// <summary>Takes a frame over, inside the stack that sends it; false when there is no room or nobody.</summary>
    public bool Put(PacketBuffer frame, PacketPool pool)
    {
        Stack stack;
        using (_lock.Enter())
        {
            if (_stack is null || _frames.Count >= MaxQueue)
            {
                return false;
            }

            pool.Release();
            frame.IsLocal = !frame.IsDamaged; // nothing else can damage it
            frame.Input = null;
            _frames.Enqueue(frame);
            if (_isAnnounced)
            {
                return true;
            }

            _isAnnounced = true;
            stack = _stack;
        }

        stack.Announce(this);
        return true;
    }

    /// <summary>Gives the frames to the interface, inside its stack.</summary>
    /// <returns>How many there were.</returns>
    public int Deliver(Stack stack)
    {
        Queue<PacketBuffer> frames;
        using (_lock.Enter())
        {
            if (_stack != stack)
            {
                return 0; // it has moved meanwhile
            }

            _isAnnounced = false;
            (frames, _spare, _frames) = (_frames, _frames, _spare);
        }

        var count = frames.Count;
        while (frames.TryDequeue(out var frame))
        {
            stack.Pool.Adopt();
            if (link.IsOf(stack))
            {
                link.Receive(frame);
            }
            else
            {
                stack.Pool.Return(frame);
            }
        }

        return count;
    }
}
