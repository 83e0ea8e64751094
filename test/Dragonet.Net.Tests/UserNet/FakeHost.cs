using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Net.Tests.UserNet;

/// <summary>A host whose network is what a test makes of it.</summary>
internal sealed class FakeHost : IHostNetwork
{
    public List<FakeSocket> Sockets { get; } = [];

    public int OpenSockets => Sockets.Count(socket => !socket.IsClosed);

    /// <summary>What opening a socket for echo requests says.</summary>
    public Errno EchoError { get; set; }

    public Result<IHostSocket> Open(HostSocketKind kind, bool isV6)
    {
        if (kind == HostSocketKind.Echo && EchoError != Errno.OK)
        {
            return EchoError;
        }

        return Result<IHostSocket>.Of(Add(kind));
    }

    public FakeSocket Add(HostSocketKind kind)
    {
        var socket = new FakeSocket(kind);
        Sockets.Add(socket);
        return socket;
    }

    public void Dispose() => Sockets.ForEach(socket => socket.Dispose());
}
