using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>A System V message queue (msgop(2)). Guarded by the lock of its table.</summary>
public sealed class MessageQueue : IpcObject
{
    private readonly List<QueuedMessage> _messages = [];

    public MessageQueue(int key, uint permissions, Credentials creator, long now, ulong maxBytes)
        : base(key, permissions, creator, now)
        => MaxBytes = maxBytes;

    /// <summary>Bytes that it may hold.</summary>
    public ulong MaxBytes { get; set; }

    /// <summary>Bytes that it holds.</summary>
    public ulong Bytes { get; private set; }

    /// <summary>Messages that it holds.</summary>
    public int Count => _messages.Count;

    public long SendTime { get; private set; }

    public long ReceiveTime { get; private set; }

    public int LastSender { get; private set; }

    public int LastReceiver { get; private set; }

    /// <summary>Woken when a message came, room was made, or the queue was removed.</summary>
    public WaitQueue Changed { get; } = new();

    /// <summary>Adds a message; false when it does not fit now.</summary>
    public bool TrySendLocked(QueuedMessage message, int pid, long now)
    {
        if ((ulong)message.Text.Length + Bytes > MaxBytes || (ulong)_messages.Count + 1 > MaxBytes)
        {
            return false;
        }

        _messages.Add(message);
        Bytes += (ulong)message.Text.Length;
        (LastSender, SendTime) = (pid, now);
        _ = Changed.Wake();
        return true;
    }

    /// <summary>The message that msgrcv(2) means, or null.</summary>
    /// <param name="type">0 for the first; negative for the lowest type up to its absolute value; else of this type.</param>
    /// <param name="except">Of any other type than this.</param>
    public QueuedMessage? FindLocked(long type, bool except)
    {
        QueuedMessage? best = null;
        var highest = type == long.MinValue ? long.MaxValue : -type;
        foreach (var message in _messages)
        {
            if (type >= 0)
            {
                if (type == 0 || (message.Type == type) != except)
                {
                    return message;
                }
            }
            else if (message.Type <= highest)
            {
                (best, highest) = (message, message.Type - 1);
            }
        }

        return best;
    }

    /// <summary>The message at a position (MSG_COPY), or null.</summary>
    public QueuedMessage? FindAtLocked(long position) => position >= 0 && position < _messages.Count ? _messages[(int)position] : null;

    /// <summary>Takes a message out.</summary>
    public void TakeLocked(QueuedMessage message, int pid, long now)
    {
        _ = _messages.Remove(message);
        message.GiveBack();
        Bytes -= (ulong)message.Text.Length;
        (LastReceiver, ReceiveTime) = (pid, now);
        _ = Changed.Wake();
    }

    /// <inheritdoc/>
    protected override void GiveBack(Jail payer)
    {
        payer.Give(Resource.MessageQueues, 1);
        _messages.ForEach(static message => message.GiveBack());
    }
}
