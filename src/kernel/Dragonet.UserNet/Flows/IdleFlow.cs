using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>A flow without an end of its own: it goes when nothing has used it for some time, or when newer ones need its place.</summary>
internal abstract class IdleFlow : Flow
{
    protected IdleFlow(UserGateway gateway, IHostSocket socket)
        : base(gateway, socket) => Node = new LinkedListNode<IdleFlow>(this);

    /// <summary>Its place among all of the gateway, the longest unused first.</summary>
    public LinkedListNode<IdleFlow> Node { get; }

    /// <summary>When it was used.</summary>
    public long UsedAt { get; set; }
}
