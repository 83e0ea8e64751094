using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet.Networking;

/// <summary>An interface whose other end is a program of the host (<see cref="NetworkControl.CreateLink"/>). It goes when this is disposed. Thread-safe.</summary>
public sealed class ExternalLink : IDisposable
{
    private readonly Kernel.Kernel _kernel;
    private readonly NetworkFabric _fabric;
    private readonly EthernetInterface _link;

    internal ExternalLink(Kernel.Kernel kernel, NetworkFabric fabric, EthernetInterface link) => (_kernel, _fabric, _link) = (kernel, fabric, link);

    /// <summary>Its MAC address.</summary>
    public string HardwareAddress => _link.Address.ToString();

    /// <summary>An Ethernet frame came from the other end. It is lost when the interface is down or has gone.</summary>
    public void Receive(ReadOnlySpan<byte> frame)
    {
        if (_fabric.PlaceOf(_link) is { } place)
        {
            using (place.Enter())
            {
                if (place.Stack.Interfaces.Contains(_link)) // it may have moved meanwhile
                {
                    _link.Receive(frame);
                }
            }

            _kernel.Drain();
        }
    }

    /// <summary>Frames came, in order.</summary>
    internal void Receive(IReadOnlyList<ReadOnlyMemory<byte>> frames)
    {
        if (frames.Count > 0 && Inside(_ =>
        {
            foreach (var frame in frames)
            {
                _link.Receive(frame.Span);
            }
        }))
        {
            _kernel.Drain();
        }
    }

    /// <summary>Says what it is, before anybody uses it.</summary>
    internal void Plug(EthernetAddress address, int mtu, bool hasCarrier) => Inside(_ => (_link.Address, _link.Mtu, _link.HasCarrier) = (address, mtu, hasCarrier));

    /// <summary>Routes to everywhere through it.</summary>
    internal void AddDefaultRoutes(IEnumerable<IPAddress> gateways) => Inside(place =>
    {
        foreach (var gateway in gateways)
        {
            place.Stack.Routes.Add(new Route(Prefix.Parse(gateway.IsV4 ? "0.0.0.0/0" : "::/0"), _link, gateway));
        }
    });

    /// <summary>Whether there is somebody at the other end, which guests are told.</summary>
    internal void SetCarrier(bool isThere)
    {
        if (Inside(place =>
        {
            if (_link.HasCarrier != isThere)
            {
                _link.HasCarrier = isThere;
                place.Events.Link(_link);
            }
        }))
        {
            _kernel.Drain();
        }
    }

    /// <summary>Removes the interface.</summary>
    public void Dispose()
    {
        if (_fabric.PlaceOf(_link) is { } place)
        {
            _ = _fabric.Destroy(place, _link.Name);
            _kernel.Drain();
        }
    }

    /// <summary>Does something in the stack where it is now; false when it is nowhere.</summary>
    private bool Inside(Action<NetworkStack> action)
    {
        if (_fabric.PlaceOf(_link) is not { } place)
        {
            return false;
        }

        using (place.Enter())
        {
            if (!place.Stack.Interfaces.Contains(_link))
            {
                return false; // it has moved meanwhile
            }

            action(place);
        }

        return true;
    }
}
