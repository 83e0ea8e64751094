namespace Dragonet.Kernel;

/// <summary>Signals that wait to be delivered to a task or a process. Guarded by the tree lock.</summary>
internal sealed class PendingSignals
{
    private readonly LinkedList<SigInfo> _queue = new();

    /// <summary>Which signals are pending.</summary>
    public ulong Bits { get; private set; }

    /// <summary>Number of queued entries.</summary>
    public int Count => _queue.Count;

    /// <summary>Adds one. A standard signal that is pending already is dropped (signal(7), "Queueing").</summary>
    public bool Add(in SigInfo info)
    {
        var bit = Sig.Bit(info.Signal);
        if (info.Signal < Sig.RtMin && (Bits & bit) != 0)
        {
            return false;
        }

        Bits |= bit;
        _ = _queue.AddLast(info);
        return true;
    }

    /// <summary>Takes the next signal of a set: faults first, then the lowest number, oldest first.</summary>
    public bool Take(ulong set, out SigInfo info)
    {
        info = default;
        var ready = Bits & set;
        if (ready == 0)
        {
            return false;
        }

        const ulong synchronous = 1UL << (Sig.SEGV - 1) | 1UL << (Sig.BUS - 1) | 1UL << (Sig.ILL - 1) | 1UL << (Sig.TRAP - 1) | 1UL << (Sig.FPE - 1) | 1UL << (Sig.SYS - 1);
        var signal = System.Numerics.BitOperations.TrailingZeroCount((ready & synchronous) != 0 ? ready & synchronous : ready) + 1;
        var left = false;
        LinkedListNode<SigInfo>? found = null;
        for (var node = _queue.First; node is not null; node = node.Next)
        {
            if (node.Value.Signal != signal)
            {
                continue;
            }

            if (found is null)
            {
                found = node;
            }
            else
            {
                left = true;
                break;
            }
        }

        info = found!.Value;
        _queue.Remove(found);
        if (!left)
        {
            Bits &= ~Sig.Bit(signal);
        }

        return true;
    }

    /// <summary>Adds overruns to the pending signal of a POSIX timer; false when it is not pending.</summary>
    public bool AddOverruns(int signal, int timerId, long count)
    {
        if ((Bits & Sig.Bit(signal)) == 0)
        {
            return false;
        }

        for (var node = _queue.First; node is not null; node = node.Next)
        {
            if (node.Value.Signal == signal && node.Value.Code == -2 && node.Value.TimerId == timerId)
            {
                node.Value = node.Value with { Overrun = (int)Math.Min(node.Value.Overrun + count, int.MaxValue) };
                return true;
            }
        }

        return false;
    }

    /// <summary>Removes every entry of a set.</summary>
    public void Flush(ulong set)
    {
        if ((Bits & set) == 0)
        {
            return;
        }

        Bits &= ~set;
        for (var node = _queue.First; node is not null;)
        {
            var next = node.Next;
            if ((Sig.Bit(node.Value.Signal) & set) != 0)
            {
                _queue.Remove(node);
            }

            node = next;
        }
    }
}
