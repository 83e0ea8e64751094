using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>
/// Tells the guest by DHCP (RFC 2131) what it has anyway: its address, the router, the server of names. There is one guest, so there is one
/// address, which is everybody's who asks.
/// </summary>
internal sealed class LeaseServer : Base.Waiter, IDisposable
{
    private const ushort ServerPort = 67;
    private const ushort ClientPort = 68;
    private const int OptionsAt = 240;
    private const uint Cookie = 0x63825363; // section 3
    private const uint LeaseSeconds = 86400;

    // Types of messages (RFC 2132, section 9.6).
    private const byte Discover = 1, Offer = 2, Request = 3, Acknowledge = 5, Refuse = 6, Inform = 8;

    // Options (RFC 2132).
    private const byte Mask = 1, Router = 3, NameServer = 6, RequestedAddress = 50, LeaseTime = 51, MessageType = 53, ServerIdentifier = 54, RenewalTime = 58, RebindingTime = 59, End = 255;

    private readonly UserGateway _gateway;
    private readonly UdpSocket _socket;
    private bool _isMarked;

    internal LeaseServer(UserGateway gateway)
    {
        _gateway = gateway;
        _socket = gateway.Stack.CreateUdp(isV6: false);
        _socket.MayBroadcast = true;
        _ = _socket.Bind(new Endpoint(IPAddress.AnyV4, ServerPort));
        _ = _socket.Queue.Add(this);
    }

    /// <inheritdoc/>
    public override bool Fire(Base.WaitQueue.Entry entry, PollEvents events) => _isMarked = true;

    /// <inheritdoc/>
    public void Dispose() => _socket.Close();

    /// <summary>Answers what has come.</summary>
    internal void Run()
    {
        while (_isMarked)
        {
            _isMarked = false;
            while (_socket.Receive(_gateway.Scratch, peek: false, out var about).Ok(out var count))
            {
                Answer(_gateway.Scratch.AsSpan(0, count), about.InterfaceIndex);
            }
        }
    }

    /// <summary>The value of an option, or nothing: also where the list is broken.</summary>
    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> options, byte wanted)
    {
        while (options.Length >= 2 && options[0] != End)
        {
            if (options[0] == 0)
            {
                options = options[1..];
                continue;
            }

            if (2 + options[1] > options.Length)
            {
                break;
            }

            if (options[0] == wanted)
            {
                return options.Slice(2, options[1]);
            }

            options = options[(2 + options[1])..];
        }

        return default;
    }

    private void Answer(ReadOnlySpan<byte> query, int link)
    {
        if (query.Length < OptionsAt || query[0] != 1 || BinaryPrimitives.ReadUInt32BigEndian(query[236..]) != Cookie || Find(query[OptionsAt..], MessageType) is not { Length: 1 } type)
        {
            return;
        }

        var options = query[OptionsAt..];
        var own = _gateway.OwnAddress(isV4: true);
        var guest = _gateway.GuestAddress(isV4: true);
        if (Find(options, ServerIdentifier) is { Length: 4 } chosen && IPAddress.FromBytes(chosen) != own)
        {
            return; // it has taken another server's offer (section 4.3.2)
        }

        var present = IPAddress.FromBytes(query.Slice(12, 4)); // ciaddr
        switch (type[0])
        {
            case Discover:
                Send(query, Offer, guest, present, link);
                break;
            case Request:
                var wanted = Find(options, RequestedAddress) is { Length: 4 } requested ? IPAddress.FromBytes(requested) : present;
                Send(query, wanted == guest ? Acknowledge : Refuse, guest, present, link);
                break;
            case Inform:
                Send(query, Acknowledge, IPAddress.AnyV4, present, link);
                break;
        }
    }

    /// <summary>To the client's address when it has one, else to everybody: it has no address that could be asked for by ARP (section 4.1).</summary>
    private void Send(ReadOnlySpan<byte> query, byte type, IPAddress address, IPAddress present, int link)
    {
        Span<byte> reply = stackalloc byte[OptionsAt + 60];
        reply.Clear();
        query[..8].CopyTo(reply);
        reply[0] = 2;               // BOOTREPLY
        reply[3] = 0;               // hops
        query.Slice(10, 2).CopyTo(reply[10..]);
        if (type != Refuse)
        {
            present.Write(reply[12..]);
            address.Write(reply[16..]);
        }

        query.Slice(28, 16).CopyTo(reply[28..]);
        BinaryPrimitives.WriteUInt32BigEndian(reply[236..], Cookie);
        Span<byte> number = stackalloc byte[4];
        var at = Put(reply, OptionsAt, MessageType, [type]);
        at = Put(reply, at, ServerIdentifier, Bytes(_gateway.OwnAddress(isV4: true)));
        if (type != Refuse)
        {
            at = Put(reply, at, Mask, [255, 255, 255, 0]);
            at = Put(reply, at, Router, Bytes(_gateway.OwnAddress(isV4: true)));
            at = Put(reply, at, NameServer, Bytes(UserGateway.NameServers[0]));
            if (!address.IsUnspecified)
            {
                foreach (var (option, seconds) in ((byte, uint)[])[(LeaseTime, LeaseSeconds), (RenewalTime, LeaseSeconds / 2), (RebindingTime, LeaseSeconds / 8 * 7)])
                {
                    BinaryPrimitives.WriteUInt32BigEndian(number, seconds);
                    at = Put(reply, at, option, number);
                }
            }
        }

        reply[at++] = End;
        var to = present.IsUnspecified || type == Refuse ? IPAddress.FromV4(uint.MaxValue) : present;
        _ = _socket.Send(reply[..at], new Endpoint(to, ClientPort), new SendControls(Source: _gateway.OwnAddress(isV4: true), Interface: link));
    }

    private static byte[] Bytes(IPAddress address)
    {
        var bytes = new byte[4];
        address.Write(bytes);
        return bytes;
    }

    private static int Put(Span<byte> message, int at, byte option, ReadOnlySpan<byte> value)
    {
        (message[at], message[at + 1]) = (option, (byte)value.Length);
        value.CopyTo(message[(at + 2)..]);
        return at + 2 + value.Length;
    }
}
