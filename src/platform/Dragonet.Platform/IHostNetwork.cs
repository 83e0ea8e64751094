using Dragonet.Base;

namespace Dragonet.Platform;

/// <summary>Sockets of the host, for kernels whose guests may reach the outside through them. Thread-safe.</summary>
public interface IHostNetwork : IDisposable
{
    /// <summary>How many sockets are open: what a leak would make grow.</summary>
    int OpenSockets { get; }

    /// <summary>Opens a socket that never blocks.</summary>
    Result<IHostSocket> Open(HostSocketKind kind, bool isV6);
}
