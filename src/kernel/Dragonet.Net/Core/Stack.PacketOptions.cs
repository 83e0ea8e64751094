using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Packets with options of IPv4 or extension headers of IPv6 that go out.</summary>
public sealed partial class Stack
{
    /// <summary>Sends a payload behind its options; owns the packet.</summary>
    private Errno OutputWithOptions(IPHeader header, PacketBuffer packet, PacketOptions options, in Path path, bool dontFragment)
    {
        var isV4 = header.Source.IsV4;
        if (!isV4 && !options.Destination.IsEmpty)
        {
            // What only the destination looks at is cut into fragments with the payload.
            packet = Wrap(packet, options.Destination.Span);
            packet.Bytes[0] = (byte)header.Protocol;
            header = header with { Protocol = IPProtocol.DestinationOptions };
        }

        var front = options.Front(isV4);
        var mtu = !isV4 && options.Mtu != 0 ? Math.Min(options.Mtu, path.Mtu) : path.Mtu;
        var size = isV4 ? IPv4Packet.MinimalHeader : IPv6Packet.HeaderSize;
        var length = packet.Length;
        if (length + front.Length > ushort.MaxValue - (isV4 ? size : 0) || size + front.Length + length > mtu)
        {
            var error = dontFragment || length + front.Length > ushort.MaxValue - (isV4 ? size : 0) ? Errno.EMSGSIZE : Fragment(header, packet, path, mtu, front);
            Pool.Return(packet);
            return error;
        }

        packet = Wrap(packet, front);
        if (isV4)
        {
            packet.TrimFront(front.Length);
            IPv4Packet.Write(
                packet.Prepend(size + front.Length), header, length, dontFragment ? (ushort)0 : NextIdentification(), dontFragment ? IPv4Packet.DontFragmentFlag : (ushort)0, front);
        }
        else
        {
            if (!front.IsEmpty)
            {
                packet.Bytes[0] = (byte)header.Protocol;
            }

            IPv6Packet.Write(packet.Prepend(size), header, front.Length + length, front.IsEmpty ? header.Protocol : IPProtocol.HopByHop);
        }

        path.Interface.Output(packet, path.NextHop);
        return Errno.OK;
    }

    /// <summary>A packet that begins with some bytes, and room in front; the given one goes back.</summary>
    private PacketBuffer Wrap(PacketBuffer packet, ReadOnlySpan<byte> front)
    {
        var whole = Pool.Rent(front.Length + packet.Length);
        front.CopyTo(whole.Bytes);
        packet.Bytes.CopyTo(whole.Bytes[front.Length..]);
        Pool.Return(packet);
        return whole;
    }

    /// <summary>The flow label that a sender gives a conversation by itself (RFC 6437, section 3).</summary>
    internal uint FlowLabelOf(in TcpKey key) => (uint)Hash.Of(key, 6) & 0xf_ffff;
}
