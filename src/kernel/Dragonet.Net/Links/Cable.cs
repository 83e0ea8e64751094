namespace Dragonet.Net;

/// <summary>
/// Joins two Ethernet interfaces of stacks that have one owner (one lock). Frames change hands without a copy; they wait here until the owner
/// delivers them, so that a conversation between the two stacks is no recursion.
/// </summary>
public sealed class Cable : IFrameCarrier
{
    private const int MaxQueue = 4096;

    private readonly EthernetInterface _a;
    private readonly EthernetInterface _b;
    private readonly Queue<(PacketBuffer Frame, bool ToB)> _queue = new();

    /// <summary>Plugs it in at both ends.</summary>
    public Cable(EthernetInterface a, EthernetInterface b)
    {
        (_a, _b) = (a, b);
        a.Carrier = b.Carrier = this;
    }

    /// <summary>Delivers the frames that are under way now.</summary>
    /// <returns>False when there were none.</returns>
    public bool Deliver()
    {
        var count = _queue.Count;
        for (var i = 0; i < count; i++)
        {
            var (frame, toB) = _queue.Dequeue();
            var to = toB ? _b : _a;
            to.Stack.Pool.Adopt();
            to.Receive(frame);
        }

        return count > 0;
    }

    /// <summary>Pulls it out: what is under way is lost.</summary>
    public void Cut()
    {
        _a.Carrier = _b.Carrier = null;
        while (_queue.TryDequeue(out var entry))
        {
            _a.Stack.Pool.Adopt();
            _a.Stack.Pool.Return(entry.Frame);
        }
    }

    bool IFrameCarrier.Carry(EthernetInterface from, PacketBuffer frame)
    {
        if (_queue.Count >= MaxQueue)
        {
            return false;
        }

        from.Stack.Pool.Release();
        frame.IsLocal = !frame.IsDamaged; // nothing else can damage it
        _queue.Enqueue((frame, from == _a));
        return true;
    }
}
