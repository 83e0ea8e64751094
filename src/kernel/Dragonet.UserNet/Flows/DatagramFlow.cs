using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Platform;

namespace Dragonet.UserNet;

/// <summary>Datagrams, or echo requests, from a port (or identifier) of the guest to one place outside, and what comes back from there.</summary>
internal sealed class DatagramFlow : IdleFlow
{
    private const int Batch = 64;

    private readonly FlowKey _key;

    internal DatagramFlow(UserGateway gateway, IHostSocket socket, FlowKey key)
        : base(gateway, socket) => _key = key;

    internal Errno Start(Endpoint target)
    {
        var error = Socket.Connect(target.ToHost());
        if (error == Errno.OK)
        {
            Watch();
        }

        return error;
    }

    /// <summary>Sends one on; what does not fit is lost, as datagrams are.</summary>
    internal void Send(ReadOnlySpan<byte> data)
    {
        Gateway.Touch(this);
        if (Socket.Send(data) is { IsOk: false, Error: not Errno.EAGAIN } failed)
        {
            Fail(failed.Error);
        }
    }

    /// <inheritdoc/>
    public override void Pump()
    {
        _ = TakeEvents();
        for (var i = 0; i < Batch && !IsClosed; i++)
        {
            var got = Socket.Receive(Gateway.Scratch);
            if (got.IsOk)
            {
                Gateway.Touch(this);
                Deliver(Gateway.Scratch.AsSpan(0, got.Value));
            }
            else if (got.Error == Errno.EAGAIN)
            {
                return;
            }
            else
            {
                Fail(got.Error);
            }
        }

        Gateway.Mark(this); // there may be more, behind what others have
    }

    /// <inheritdoc/>
    protected override void Release() => Gateway.Remove(this, _key);

    private void Deliver(Span<byte> message)
    {
        if (_key.Protocol == (int)IPProtocol.Udp)
        {
            _ = Gateway.Stack.SendDatagramAs(_key.To, _key.From, message);
        }
        else if (message.Length >= 8)
        {
            // The host has put an identifier of its own into the request.
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(message[4..], _key.From.Port);
            _ = Gateway.Stack.SendEchoReplyAs(_key.To.Address, _key.From.Address, message);
        }
    }

    /// <summary>The host was told that it did not arrive, and so is the guest.</summary>
    private void Fail(Errno error)
    {
        if (error != Errno.EMSGSIZE)
        {
            Gateway.Stack.SendUnreachable(_key.Protocol, _key.From, _key.To, error);
        }
    }
}
