using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>One message of a System V queue. The sender's jail pays for it until it is received.</summary>
public sealed class QueuedMessage
{
    private readonly Jail _payer;

    private QueuedMessage(Jail payer, long type, byte[] text) => (_payer, Type, Text) = (payer, type, text);

    public long Type { get; }

    public byte[] Text { get; }

    /// <summary>Makes a message; EAGAIN when the jail may have no more, as rctl(8) has it. No lock held.</summary>
    public static Result<QueuedMessage> Pay(Task task, long type, byte[] text)
    {
        var jail = task.Jail;
        if (!jail.Take(Resource.MessagesQueued, 1, task))
        {
            return Errno.EAGAIN;
        }

        if (!jail.Take(Resource.MessageBytes, text.Length, task))
        {
            jail.Give(Resource.MessagesQueued, 1);
            return Errno.EAGAIN;
        }

        return new QueuedMessage(jail, type, text);
    }

    /// <summary>It was received, is gone with its queue, or was never sent.</summary>
    public void GiveBack()
    {
        _payer.Give(Resource.MessagesQueued, 1);
        _payer.Give(Resource.MessageBytes, Text.Length);
    }
}
