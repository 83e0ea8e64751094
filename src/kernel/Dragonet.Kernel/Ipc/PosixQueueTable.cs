using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>The POSIX message queues of a name space, by name; what each user has is counted. Its lock guards the queues, too.</summary>
public sealed class PosixQueueTable(IpcLimits limits)
{
    private const long HardMessages = 65536, HardSize = 16 << 20;

    private readonly Dictionary<string, PosixQueue> _queues = new(StringComparer.Ordinal); // guarded by Lock
    private readonly Dictionary<uint, long> _used = [];                                     // guarded by Lock

    public KernelLock Lock { get; } = new(LockRank.Object);

    /// <summary>mq_open(2).</summary>
    /// <param name="wanted">4 read, 2 write.</param>
    /// <param name="attributes">Of a new queue: messages and their size; null for the default.</param>
    /// <returns>The queue with one more user.</returns>
    public Result<PosixQueue> Open(Task caller, string name, OpenFlags flags, uint mode, uint wanted, (long Messages, long Size)? attributes)
    {
        using (Lock.Enter())
        {
            if (_queues.TryGetValue(name, out var found))
            {
                if ((flags & (OpenFlags.O_CREAT | OpenFlags.O_EXCL)) == (OpenFlags.O_CREAT | OpenFlags.O_EXCL))
                {
                    return Errno.EEXIST;
                }

                if (!found.Allows(caller.Credentials, wanted))
                {
                    return Errno.EACCES;
                }

                found.Users++;
                return found;
            }

            if ((flags & OpenFlags.O_CREAT) == 0)
            {
                return Errno.ENOENT;
            }

            if (!CreateLocked(caller, name, mode & ~caller.Umask, attributes).Ok(out var made, out var error))
            {
                return error;
            }

            _queues.Add(name, made);
            made.Users++;
            return made;
        }
    }

    /// <summary>mq_unlink(2). The queue lives on while it is open.</summary>
    public Errno Unlink(Credentials who, string name)
    {
        using (Lock.Enter())
        {
            if (!_queues.TryGetValue(name, out var queue))
            {
                return Errno.ENOENT;
            }

            // The directory of all queues is root's, and sticky.
            if (who.FsUid != queue.Uid && who.FsUid != 0 && !who.Has(Capability.CAP_FOWNER))
            {
                return Errno.EPERM;
            }

            _ = _queues.Remove(name);
            LeaveLocked(queue);
            return Errno.OK;
        }
    }

    /// <summary>How many have a name.</summary>
    internal int Count
    {
        get
        {
            using (Lock.Enter())
            {
                return _queues.Count;
            }
        }
    }

    /// <summary>Every name goes.</summary>
    internal void End()
    {
        using (Lock.Enter())
        {
            foreach (var queue in _queues.Values)
            {
                LeaveLocked(queue);
            }

            _queues.Clear();
        }
    }

    /// <summary>An open description is gone.</summary>
    internal void Leave(PosixQueue queue)
    {
        using (Lock.Enter())
        {
            LeaveLocked(queue);
        }
    }

    private Result<PosixQueue> CreateLocked(Task caller, string name, uint mode, (long Messages, long Size)? attributes)
    {
        var who = caller.Credentials;
        var privileged = who.Has(Capability.CAP_SYS_RESOURCE);
        if (_queues.Count >= limits.MqQueuesMax && !privileged)
        {
            return Errno.ENOSPC;
        }

        var (messages, size) = attributes ?? (Math.Min(limits.MqMsgMax, limits.MqMsgDefault), Math.Min(limits.MqMsgSizeMax, limits.MqMsgSizeDefault));
        if (messages <= 0 || size <= 0 || messages > (privileged ? HardMessages : limits.MqMsgMax) || size > (privileged ? HardSize : limits.MqMsgSizeMax))
        {
            return Errno.EINVAL;
        }

        var cost = PosixQueue.CostOf(messages, size);
        var used = _used.GetValueOrDefault(who.Uid);
        if ((ulong)(used + cost) > caller.Process.Limits[Rlimits.MsgQueue].Soft)
        {
            return Errno.EMFILE;
        }

        _used[who.Uid] = used + cost;
        return new PosixQueue(name, mode & 0x1ff, who.FsUid, who.FsGid, who.Uid, messages, size);
    }

    private void LeaveLocked(PosixQueue queue)
    {
        if (--queue.Users == 0)
        {
            _used[queue.Payer] -= queue.Cost;
        }
    }
}
