using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>Says that the gateway is a router, and which network there is, to who asks (RFC 4861, section 6.2): an interface with accept_ra
/// finds both, and the server of names (RFC 8106), by itself.</summary>
internal sealed class RouterAdvertiser : Base.Waiter, IDisposable
{
    private const byte Solicitation = 133, Advertisement = 134;
    private const byte PrefixOption = 3, MtuOption = 5, ServersOption = 25;
    private const ushort RouterSeconds = 1800;
    private const uint ValidSeconds = 86400, PreferredSeconds = 14400;

    private static readonly IPAddress s_address = new(0xfe80_0000_0000_0000, 2);
    private static readonly IPAddress s_routers = new(0xff02_0000_0000_0000, 2);
    private static readonly IPAddress s_nodes = new(0xff02_0000_0000_0000, 1);

    private readonly UserGateway _gateway;
    private readonly RawSocket _socket;
    private bool _isMarked;

    /// <param name="gateway">The router.</param>
    /// <param name="link">Where it tells of itself.</param>
    internal RouterAdvertiser(UserGateway gateway, Interface link)
    {
        _gateway = gateway;
        _ = link.AddAddress(new Prefix(s_address, 64));
        _socket = gateway.Stack.CreateRaw(isV6: true, IPProtocol.IcmpV6);
        _socket.Block(AllBut(Solicitation));
        _ = _socket.Groups.Join(s_routers, link.Index, IPAddress.AnyV6, GroupFilter.Everybody);
        _ = _socket.Queue.Add(this);
    }

    /// <inheritdoc/>
    public override bool Fire(Base.WaitQueue.Entry entry, PollEvents events) => _isMarked = true;

    /// <inheritdoc/>
    public void Dispose() => _socket.Close();

    /// <summary>Answers who has asked.</summary>
    internal void Run()
    {
        while (_isMarked)
        {
            _isMarked = false;
            while (_socket.Receive(_gateway.Scratch, peek: false, out var about).Ok(out var count))
            {
                // Section 6.1.1: what has passed a router is not of this link.
                if (count >= 8 && _gateway.Scratch[0] == Solicitation && _gateway.Scratch[1] == 0 && about.HopLimit == 255)
                {
                    Advertise(about);
                }
            }
        }
    }

    private static byte[] AllBut(byte type)
    {
        var types = new byte[32];
        types.AsSpan().Fill(byte.MaxValue);
        types[type / 8] &= (byte)~(1 << (type % 8));
        return types;
    }

    private void Advertise(in Datagram about)
    {
        Span<byte> message = stackalloc byte[16 + 32 + 8 + 24];
        message.Clear();
        (message[0], message[4]) = (Advertisement, 64); // with a hop limit for the guest
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], RouterSeconds);
        var prefix = message[16..];
        (prefix[0], prefix[1], prefix[2], prefix[3]) = (PrefixOption, 4, 64, 0xc0); // on the link, for addresses
        BinaryPrimitives.WriteUInt32BigEndian(prefix[4..], ValidSeconds);
        BinaryPrimitives.WriteUInt32BigEndian(prefix[8..], PreferredSeconds);
        new Prefix(_gateway.OwnAddress(isV4: false), 64).Network.Address.Write16(prefix[16..]);
        var mtu = prefix[32..];
        (mtu[0], mtu[1]) = (MtuOption, 1);
        BinaryPrimitives.WriteUInt32BigEndian(mtu[4..], UserGateway.Mtu);
        var servers = mtu[8..];
        (servers[0], servers[1]) = (ServersOption, 3);
        BinaryPrimitives.WriteUInt32BigEndian(servers[4..], RouterSeconds);
        UserGateway.NameServers[1].Write16(servers[8..]);

        var to = about.Source.Address.IsUnspecified ? s_nodes : about.Source.Address;
        _ = _socket.Send(message, new Endpoint(to, 0, about.InterfaceIndex), new SendControls(HopLimit: byte.MaxValue, Source: s_address, Interface: about.InterfaceIndex));
    }
}
