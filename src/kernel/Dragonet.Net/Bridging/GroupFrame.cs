using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>
/// What a frame for many says about groups: IGMP (RFC 1112, 2236, 3376), MLD (RFC 2710, 3810), or that its sender is a router (PIM hello, RFC 7761,
/// section 4.9.2). What is damaged says nothing (RFC 4541, section 2.1.1: checksums are verified).
/// </summary>
internal readonly ref struct GroupFrame
{
    private const ushort IPv4Local = 0xe000;  // 224.0.0.0/24: the upper half of its 24 bits, see IsLocal
    private const int RecordHeadV4 = 8, RecordHeadV6 = 20;

    private readonly ReadOnlySpan<byte> _message;

    private GroupFrame(bool isV4, IPAddress source, IPAddress destination, GroupFrameKind kind, ReadOnlySpan<byte> message)
    {
        (IsV4, Source, Destination, Kind) = (isV4, source, destination, kind);
        _message = message;
    }

    /// <summary>IPv4, else IPv6.</summary>
    public bool IsV4 { get; }

    /// <summary>Who sent it.</summary>
    public IPAddress Source { get; }

    /// <summary>The group that it is for.</summary>
    public IPAddress Destination { get; }

    /// <summary>What it is.</summary>
    public GroupFrameKind Kind { get; }

    /// <summary>True for groups that frames go everywhere for: 224.0.0.0/24, whose members need not report (RFC 4541, section 2.1.2), and ff02::1,
    /// whose members never do (RFC 3810, section 6).</summary>
    public static bool IsLocal(IPAddress group)
    {
        if (group == new IPAddress(0xff02_0000_0000_0000, 1))
        {
            return true;
        }

        Span<byte> bytes = stackalloc byte[16];
        group.Write(bytes);
        return group.IsV4 && BinaryPrimitives.ReadUInt16BigEndian(bytes) == IPv4Local && bytes[2] == 0;
    }

    /// <summary>False for what is no IP packet for a group.</summary>
    public static bool TryParse(ReadOnlySpan<byte> frame, out GroupFrame group)
    {
        group = default;
        var at = VlanTag.Has(frame) ? EthernetFrame.HeaderSize + VlanTag.Size : EthernetFrame.HeaderSize;
        return frame.Length > at && BinaryPrimitives.ReadUInt16BigEndian(frame[(at - 2)..]) switch
        {
            EthernetFrame.TypeIPv4 => TryParseV4(frame[at..], out group),
            EthernetFrame.TypeIPv6 => TryParseV6(frame[at..], out group),
            _ => false,
        };
    }

    /// <summary>The question, when it is one.</summary>
    public bool TryReadQuery(out GroupQuery query) => GroupQuery.TryParse(IsV4, _message, out query);

    /// <summary>The groups that a report is about, and whether the sender wants them from now on.</summary>
    public List<(IPAddress Group, bool IsWanted)> ReadReport()
    {
        var size = IsV4 ? 4 : 16;
        if (Kind is GroupFrameKind.Report or GroupFrameKind.Leave)
        {
            return [(IPAddress.FromBytes(_message.Slice(IsV4 ? 4 : 8, size)), Kind == GroupFrameKind.Report)];
        }

        var records = new List<(IPAddress, bool)>();
        var rest = _message[8..];
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(_message[6..]); left > 0; left--)
        {
            var head = IsV4 ? RecordHeadV4 : RecordHeadV6;
            if (rest.Length < head)
            {
                break;
            }

            var sources = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            var length = head + sources * size + rest[1] * 4;
            if (rest.Length < length)
            {
                break;
            }

            // To include nobody is to leave; everything else wants something of the group (br_ip4_multicast_igmp3_report of Linux).
            const byte isIn = 1, toIn = 3, most = 6;
            if (rest[0] is > 0 and <= most)
            {
                records.Add((IPAddress.FromBytes(rest.Slice(4, size)), sources > 0 || rest[0] is not (isIn or toIn)));
            }

            rest = rest[length..];
        }

        return records;
    }

    private static bool TryParseV4(ReadOnlySpan<byte> bytes, out GroupFrame group)
    {
        group = default;
        if (!IPv4Packet.TryParse(bytes, out var packet) || !packet.Destination.IsMulticast || !packet.IsChecksumValid)
        {
            return false;
        }

        var message = bytes[packet.HeaderLength..packet.TotalLength];
        var kind = GroupFrameKind.Data;
        if (packet is { MoreFragments: false, FragmentOffset: 0 })
        {
            const int pim = 103;
            kind = packet.Protocol == IPProtocol.Igmp ? message.Length < 8 || InternetChecksum.Of(message) != 0 ? GroupFrameKind.Broken : message[0] switch
            {
                0x11 => GroupFrameKind.Query,
                0x12 or 0x16 => GroupFrameKind.Report,
                0x17 => GroupFrameKind.Leave,
                0x22 => GroupFrameKind.Records,
                _ => GroupFrameKind.Data,
            }
            : (int)packet.Protocol == pim && message is [0x20, ..] && packet.Destination == IPAddress.FromV4(0xe000000d) ? GroupFrameKind.Router : GroupFrameKind.Data;
        }

        group = new GroupFrame(isV4: true, packet.Source, packet.Destination, kind, message);
        return true;
    }

    private static bool TryParseV6(ReadOnlySpan<byte> bytes, out GroupFrame group)
    {
        group = default;
        if (!IPv6Packet.TryParse(bytes, out var packet) || !packet.Destination.IsMulticast)
        {
            return false;
        }

        var next = packet.NextHeader;
        var message = bytes.Slice(IPv6Packet.HeaderSize, packet.PayloadLength);
        if ((int)next == 0 && message.Length >= 8 && message.Length >= (message[1] + 1) * 8)
        {
            next = (IPProtocol)message[0]; // MLD comes behind hop-by-hop options (RFC 3810, section 5)
            message = message[((message[1] + 1) * 8)..];
        }

        var kind = GroupFrameKind.Data;
        if (next == IPProtocol.IcmpV6 && message.Length >= 8 && message[0] is 130 or 131 or 132 or 143)
        {
            var isWhole = (message[0] == 143 || message.Length >= 24)
                && InternetChecksum.Finish(InternetChecksum.Add(message, InternetChecksum.AddPseudoHeader(packet.Source, packet.Destination, IPProtocol.IcmpV6, message.Length))) == 0;
            kind = !isWhole ? GroupFrameKind.Broken : message[0] switch
            {
                130 => GroupFrameKind.Query,
                131 => GroupFrameKind.Report,
                132 => GroupFrameKind.Leave,
                _ => GroupFrameKind.Records,
            };
        }

        group = new GroupFrame(isV4: false, packet.Source, packet.Destination, kind, message);
        return true;
    }
}
