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

    /// <summary>Removes the interface.</summary>
    public void Dispose()
    {
        if (_fabric.PlaceOf(_link) is { } place)
        {
            _ = _fabric.Destroy(place, _link.Name);
        }
    }
}
