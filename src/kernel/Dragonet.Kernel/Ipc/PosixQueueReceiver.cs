namespace Dragonet.Kernel;

/// <summary>A receiver that waits: while there is one, a message does not notify. The state of its call.</summary>
public sealed class PosixQueueReceiver : IDisposable
{
    private readonly PosixQueueFile _file;

    /// <summary>Begins to wait. Lock held.</summary>
    public PosixQueueReceiver(PosixQueueFile file)
    {
        _file = file;
        file.Queue.CountReceiverLocked(1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using (_file.Lock.Enter())
        {
            _file.Queue.CountReceiverLocked(-1);
        }
    }
}
