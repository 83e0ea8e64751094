using System.Buffers.Binary;

namespace Dragonet.Net;

/// <summary>A report to routers, complete but for the checksum of MLD, which knows the addresses.</summary>
/// <param name="IsV4">IGMP, else MLD.</param>
/// <param name="To">The group that it is sent to.</param>
/// <param name="Bytes">The message.</param>
internal readonly record struct GroupMessage(bool IsV4, IPAddress To, byte[] Bytes)
{
    /// <summary>Most sources that are told of one group: what fits into the smallest MTU of IPv6.</summary>
    public const int MaxSources = 64;

    /// <summary>Most groups in a report.</summary>
    public const int MaxRecords = 32;

    private const byte IsIn = 1, IsEx = 2, ToIn = 3, ToEx = 4, Allow = 5, Block = 6; // RFC 3376, section 4.2.12

    /// <summary>What an interface wants (current-state records). Null when there is nothing to say.</summary>
    public static GroupMessage? Current(IReadOnlyList<(IPAddress Group, GroupFilter Filter)> groups, IReadOnlyList<IPAddress>? sources)
    {
        var records = new List<(byte Type, IPAddress Group, IReadOnlyList<IPAddress> Sources)>();
        foreach (var (group, filter) in groups)
        {
            if (sources is null)
            {
                records.Add((filter.Excludes ? IsEx : IsIn, group, filter.Sources));
            }
            else if (sources.Where(filter.Admits).ToArray() is { Length: > 0 } wanted)
            {
                records.Add((IsIn, group, wanted)); // section 5.2: those of the asked ones that are wanted
            }
        }

        return records.Count == 0 ? null : Build(records);
    }

    /// <summary>What has changed (filter-mode-change or source-list-change records). Null when there is nothing to say.</summary>
    public static GroupMessage? Change(IPAddress group, GroupFilter before, GroupFilter now, bool isMode)
    {
        if (isMode)
        {
            return Build([(now.Excludes ? ToEx : ToIn, group, now.Sources)]);
        }

        var records = new List<(byte Type, IPAddress Group, IReadOnlyList<IPAddress> Sources)>();
        var (added, removed) = (now.Sources.Except(before.Sources).ToArray(), before.Sources.Except(now.Sources).ToArray());
        var (allowed, blocked) = now.Excludes ? (removed, added) : (added, removed);
        if (allowed.Length > 0)
        {
            records.Add((Allow, group, allowed));
        }

        if (blocked.Length > 0)
        {
            records.Add((Block, group, blocked));
        }

        return records.Count == 0 ? null : Build(records);
    }

    /// <summary>An IGMPv2 or MLDv1 report.</summary>
    public static GroupMessage OlderReport(IPAddress group) => Older(group.IsV4 ? (byte)0x16 : (byte)131, group, group);

    /// <summary>An IGMPv2 leave or MLDv1 done, to all routers.</summary>
    public static GroupMessage OlderLeave(IPAddress group) =>
        Older(group.IsV4 ? (byte)0x17 : (byte)132, group, group.IsV4 ? IPAddress.FromV4(0xe0000002) : GroupTable.AllRouters);

    /// <summary>True for an IGMPv1, IGMPv2 or MLDv1 report of somebody else.</summary>
    public static bool IsReport(bool isV4, ReadOnlySpan<byte> message, out IPAddress group)
    {
        var isReport = isV4 ? message.Length >= 8 && message[0] is 0x12 or 0x16 : message.Length >= 24 && message[0] == 131;
        group = !isReport ? default : IPAddress.FromBytes(isV4 ? message[4..8] : message[8..24]);
        return isReport;
    }

    private static GroupMessage Older(byte type, IPAddress group, IPAddress to)
    {
        var bytes = new byte[group.IsV4 ? 8 : 24];
        bytes[0] = type;
        group.Write(bytes.AsSpan(group.IsV4 ? 4 : 8));
        return Complete(group.IsV4, to, bytes);
    }

    private static GroupMessage Build(IReadOnlyList<(byte Type, IPAddress Group, IReadOnlyList<IPAddress> Sources)> records)
    {
        var isV4 = records[0].Group.IsV4;
        var size = isV4 ? 4 : 16;
        var bytes = new byte[8 + records.Sum(record => 4 + size + size * Math.Min(record.Sources.Count, MaxSources))];
        bytes[0] = isV4 ? (byte)0x22 : (byte)143;
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(6), (ushort)records.Count);
        var rest = bytes.AsSpan(8);
        foreach (var (type, group, sources) in records)
        {
            var count = Math.Min(sources.Count, MaxSources);
            rest[0] = type;
            BinaryPrimitives.WriteUInt16BigEndian(rest[2..], (ushort)count);
            group.Write(rest[4..]);
            rest = rest[(4 + size)..];
            for (var i = 0; i < count; i++, rest = rest[size..])
            {
                sources[i].Write(rest);
            }
        }

        return Complete(isV4, isV4 ? IPAddress.FromV4(0xe0000016) : new IPAddress(0xff02_0000_0000_0000, 0x16), bytes);
    }

    private static GroupMessage Complete(bool isV4, IPAddress to, byte[] bytes)
    {
        if (isV4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), InternetChecksum.Of(bytes));
        }

        return new GroupMessage(isV4, to, bytes);
    }
}
