using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>
/// Watches a port of a switch: nobody sends as somebody else. What a frame says of its sender (Ethernet, ARP, IPv4, IPv6, neighbour discovery) must
/// not be what another port has announced, and must be what this port has, unless it is a trunk.
/// </summary>
internal sealed class SourceGuard(FrameSwitch owner, SwitchPort port)
{
    private const ushort ServiceTag = 0x88a8; // 802.1ad
    private const int MaxTags = 2;
    private const byte LinkOption1 = 1, LinkOption2 = 2; // source and target link-layer address (RFC 4861, section 4.6.1)

    /// <summary>Whether a frame may come from here.</summary>
    public bool Admits(ReadOnlySpan<byte> bytes)
    {
        if (!EthernetFrame.TryParse(bytes, out var frame) || frame.Source.IsMulticast || frame.Source.Value == 0)
        {
            port.Malformed++;
            return false;
        }

        if (!owner.Options.IsOpen && !(MayUse(frame.Source) && IsHonest(frame)))
        {
            port.Spoofed++;
            return false;
        }

        owner.ShowToMonitors(bytes);
        return true;
    }

    private bool MayUse(EthernetAddress address)
    {
        if (owner.OwnerOf(address) is { } other)
        {
            return other == port;
        }

        if (port.Options.IsTrunk)
        {
            return true;
        }

        if (port.HardwareAddress is not null)
        {
            return false;
        }

        port.Bind(address);
        return true;
    }

    private bool MayUse(IPAddress address)
    {
        if (address.IsUnspecified)
        {
            return true; // who has no address yet (RFC 2131, section 4.1; RFC 4862, section 5.4.2; RFC 5227, section 1.1)
        }

        if (address.IsMulticast)
        {
            return false;
        }

        return owner.OwnerOf(address) is { } other ? other == port
            : port.Options.IsTrunk || port.Options.Addresses.Count == 0 || (address.IsLinkLocal && !address.IsV4);
    }

    private bool IsHonest(EthernetFrame frame)
    {
        var type = frame.Type;
        var payload = frame.Payload;
        for (var tags = 0; type is VlanTag.Type or ServiceTag; tags++)
        {
            if (tags == MaxTags || payload.Length < VlanTag.Size)
            {
                return false;
            }

            type = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]);
            payload = payload[VlanTag.Size..];
        }

        return type switch
        {
            EthernetFrame.TypeArp => ArpPacket.TryParse(payload, out var arp) && MayUse(arp.SenderHardware) && MayUse(arp.Sender),
            EthernetFrame.TypeIPv4 => payload.Length >= 20 && payload[0] >> 4 == 4 && MayUse(IPAddress.FromBytes(payload.Slice(12, 4))),
            EthernetFrame.TypeIPv6 => payload.Length >= IPv6Packet.HeaderSize && payload[0] >> 4 == 6 && MayUse(IPAddress.FromBytes(payload.Slice(8, 16))) && IsHonestNeighbour(payload),
            _ => true,
        };
    }

    /// <summary>Neighbour discovery tells addresses in its options, and an advertisement whose they are.</summary>
    private bool IsHonestNeighbour(ReadOnlySpan<byte> packet)
    {
        var (at, protocol) = (IPv6Packet.HeaderSize, (IPProtocol)packet[6]);
        var walk = ExtensionHeaders.Walk(packet, ref at, ref protocol, out var fragment);
        if (walk == ExtensionWalk.Broken)
        {
            return false; // somebody may read what we cannot
        }

        var message = packet[at..];
        if (protocol != IPProtocol.IcmpV6 || fragment.Offset > 0 || message.IsEmpty || message[0] is < 133 or > 137)
        {
            return true;
        }

        // In a fragment it is forbidden (RFC 6980, section 5): the rest of it would not be seen here.
        if (walk == ExtensionWalk.Fragment || message.Length < 8)
        {
            return false;
        }

        if (message[0] == NeighbourMessage.Advertisement && !(message.Length >= 24 && MayUse(IPAddress.FromBytes(message.Slice(8, 16)))))
        {
            return false;
        }

        var options = message[Math.Min(message.Length, message[0] switch { 133 => 8, 134 => 16, 137 => 40, _ => 24 })..];
        while (options.Length >= 8)
        {
            var length = options[1] * 8;
            if (length == 0 || length > options.Length)
            {
                return false;
            }

            // In a redirect the target's is another one's, and true or not it is a router's word: who announces addresses is none.
            if (options[0] is LinkOption1 or LinkOption2 && message[0] != 137 && !MayUse(EthernetAddress.FromBytes(options[2..])))
            {
                return false;
            }

            options = options[length..];
        }

        return message[0] != 137 || port.Options.IsTrunk || port.Options.Addresses.Count == 0;
    }
}
