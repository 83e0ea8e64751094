using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>A POSIX message queue (mq_overview(7)). Guarded by the lock of its <see cref="PosixQueueTable"/>.</summary>
public sealed class PosixQueue(string name, uint mode, uint uid, uint gid, uint payer, long maxMessages, long messageSize)
{
    /// <summary>MQ_PRIO_MAX: priorities are below it.</summary>
    public const int PriorityMax = 32768;

    private readonly PriorityQueue<(uint Priority, byte[] Text), (long, long)> _messages = new();
    private long _sent;
    private long _bytes;
    private int _receivers;

    public string Name { get; } = name;

    /// <summary>Permission bits.</summary>
    public uint Mode { get; } = mode;

    public uint Uid { get; } = uid;

    public uint Gid { get; } = gid;

    /// <summary>The user whose RLIMIT_MSGQUEUE it counts against.</summary>
    internal uint Payer { get; } = payer;

    public long MaxMessages { get; } = maxMessages;

    /// <summary>Most bytes of a message.</summary>
    public long MessageSize { get; } = messageSize;

    /// <summary>Messages in it.</summary>
    public int Count => _messages.Count;

    /// <summary>Bytes in it.</summary>
    public long Bytes => _bytes;

    /// <summary>Woken when a message came or went.</summary>
    public WaitQueue Changed { get; } = new();

    /// <summary>Who is told when a message comes into the empty queue (mq_notify(3)), or null.</summary>
    public PosixQueueNotification? Notification { get; set; }

    /// <summary>Open descriptions of it, and one for its name.</summary>
    internal int Users { get; set; } = 1;

    /// <summary>What RLIMIT_MSGQUEUE counts: the messages, and Linux's records of them (getrlimit(2)).</summary>
    internal long Cost => CostOf(MaxMessages, MessageSize);

    internal static long CostOf(long messages, long size)
    {
        const int messageRecord = 48, priorityRecord = 48;
        return (messages * size) + (messages * messageRecord) + (Math.Min(messages, PriorityMax) * priorityRecord);
    }

    /// <summary>Adds a message; false when it is full.</summary>
    /// <param name="notification">Who is to be told, with no lock held; null for nobody.</param>
    public bool TrySendLocked(uint priority, byte[] text, out PosixQueueNotification? notification)
    {
        notification = null;
        if (_messages.Count >= MaxMessages)
        {
            return false;
        }

        // The highest priority first, then the oldest.
        _messages.Enqueue((priority, text), (-(long)priority, _sent++));
        _bytes += text.Length;
        if (_messages.Count == 1 && _receivers == 0)
        {
            // A registration is good for one message, and a waiting receiver comes first (mq_notify(3)).
            (notification, Notification) = (Notification, null);
        }

        _ = Changed.Wake();
        return true;
    }

    /// <summary>Takes the first message; false when there is none.</summary>
    public bool TryReceiveLocked(out uint priority, out byte[] text)
    {
        if (!_messages.TryDequeue(out var message, out _))
        {
            (priority, text) = (0, []);
            return false;
        }

        (priority, text) = message;
        _bytes -= text.Length;
        _ = Changed.Wake();
        return true;
    }

    /// <summary>A receiver begins or ends to wait.</summary>
    internal void CountReceiverLocked(int change) => _receivers += change;

    /// <summary>Whether somebody may open it, as with a file.</summary>
    /// <param name="wanted">4 read, 2 write.</param>
    public bool Allows(Credentials who, uint wanted)
    {
        var granted = who.FsUid == Uid ? Mode >> 6 : who.InGroup(Gid) ? Mode >> 3 : Mode;
        return (wanted & ~granted & 7) == 0 || who.Has(Capability.CAP_DAC_OVERRIDE) || (wanted == 4 && who.Has(Capability.CAP_DAC_READ_SEARCH));
    }
}
