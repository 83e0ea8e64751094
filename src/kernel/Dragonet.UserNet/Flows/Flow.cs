using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>
/// Something that a gateway carries between its stack and a socket of the host. Changes on either side only mark it; the gateway then pumps
/// it, inside the lock of the stacks.
/// </summary>
internal abstract class Flow : Waiter, IDisposable
{
    private readonly Action _mark;
    private uint _events; // what the host's thread has told

    protected Flow(UserGateway gateway, IHostSocket socket)
    {
        Gateway = gateway;
        Socket = socket;
        _mark = () => Gateway.Mark(this);
    }

    /// <summary>It waits to be pumped.</summary>
    public bool IsMarked { get; set; }

    public bool IsClosed { get; private set; }

    protected UserGateway Gateway { get; }

    /// <summary>The host's end.</summary>
    protected IHostSocket Socket { get; }

    /// <inheritdoc/>
    public override bool Fire(WaitQueue.Entry entry, PollEvents events)
    {
        Gateway.Mark(this);
        return true;
    }

    /// <summary>Carries what can be carried.</summary>
    public abstract void Pump();

    /// <summary>Ends it on both sides.</summary>
    public void Dispose()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            Release();
            Socket.Dispose();
        }
    }

    /// <summary>It ends: the guest's end closes.</summary>
    protected abstract void Release();

    /// <summary>From now on the host tells of changes.</summary>
    protected void Watch() => Socket.Watch(events =>
    {
        _ = Interlocked.Or(ref _events, (uint)events);
        Gateway.Enter(_mark);
    });

    /// <summary>What the host has told since the last time.</summary>
    protected PollEvents TakeEvents() => (PollEvents)Interlocked.Exchange(ref _events, 0);
}
