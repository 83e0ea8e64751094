using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>An open POSIX message queue. Reading it as a file gives a line about its state (mq_overview(7)).</summary>
public sealed class PosixQueueFile(PosixQueueTable table, PosixQueue queue, OpenFlags flags) : OpenFile(flags)
{
    private int _position;

    /// <summary>What it refers to.</summary>
    public PosixQueue Queue => queue;

    /// <summary>Guards it.</summary>
    public KernelLock Lock => table.Lock;

    /// <inheritdoc/>
    public override string Description => "/" + queue.Name;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes()
        => new InodeAttributes { Device = 0x10, Number = 1, Mode = StatMode.S_IFREG | queue.Mode, Links = 1, Uid = queue.Uid, Gid = queue.Gid, Size = 80, BlockSize = 4096 };

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        string text;
        using (Lock.Enter())
        {
            var notification = queue.Notification;
            text = string.Create(CultureInfo.InvariantCulture, $"QSIZE:{queue.Bytes,-10} NOTIFY:{(notification is null ? 0 : notification.Signal == 0 ? 1 : 0),-5} SIGNO:{notification?.Signal ?? 0,-5} NOTIFY_PID:{notification?.Owner.Pid ?? 0,-6}\n");
        }

        var from = Math.Min(_position, text.Length);
        var count = Math.Min(destination.Length, text.Length - from);
        ByteString.ToBytes(text.Substring(from, count)).CopyTo(destination);
        _position = from + count;
        return count;
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(queue.Changed);
        using (Lock.Enter())
        {
            return (queue.Count > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0)
                | (queue.Count < queue.MaxMessages ? PollEvents.POLLOUT | PollEvents.POLLWRNORM : 0);
        }
    }

    /// <inheritdoc/>
    public override void OnClose(object owner)
    {
        using (Lock.Enter())
        {
            if (ReferenceEquals(queue.Notification?.Files, owner))
            {
                queue.Notification = null;
            }
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease() => table.Leave(queue);
}
