using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Calls a packet socket's ring when it has waited for more frames long enough.</summary>
internal sealed class RingTimer(PacketSocket socket, Stack stack) : StackTimer
{
    /// <inheritdoc/>
    public override long Deadline => socket.Ring?.Deadline ?? long.MaxValue;

    /// <inheritdoc/>
    public override void Fire()
    {
        socket.Ring?.Expire(stack.Now);
        _ = socket.Queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }
}
