using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>Options about multicast groups (ip(7), ipv6(7); RFC 3678). Inside the stack.</summary>
internal static class GroupOptions
{
    private const int StorageSize = 128;                    // struct sockaddr_storage
    private const int FilterHeader = 8 + StorageSize + 8;   // struct group_filter without its list
    private const int OldFilterHeader = 16;                 // struct ip_msfilter without its list

    /// <summary>True for an option that is set here.</summary>
    public static bool IsOne(int level, int name) => level == InetOption.IPPROTO_IP
        ? name is >= InetOption.IP_ADD_MEMBERSHIP and <= InetOption.MCAST_MSFILTER
        : name is InetOption.IPV6_ADD_MEMBERSHIP or InetOption.IPV6_DROP_MEMBERSHIP or (>= InetOption.MCAST_JOIN_GROUP and <= InetOption.MCAST_MSFILTER);

    /// <summary>setsockopt(2).</summary>
    public static Errno Set(SocketGroups groups, int level, int name, ReadOnlySpan<byte> value) => name switch
    {
        InetOption.IP_ADD_MEMBERSHIP or InetOption.IP_DROP_MEMBERSHIP when level == InetOption.IPPROTO_IP => ChangeV4(groups, name, value),
        InetOption.IPV6_ADD_MEMBERSHIP or InetOption.IPV6_DROP_MEMBERSHIP when level == InetOption.IPPROTO_IPV6 => ChangeV6(groups, name, value),
        InetOption.IP_UNBLOCK_SOURCE or InetOption.IP_BLOCK_SOURCE or InetOption.IP_ADD_SOURCE_MEMBERSHIP or InetOption.IP_DROP_SOURCE_MEMBERSHIP
            => ChangeSourceV4(groups, name, value),
        InetOption.IP_MSFILTER => SetOldFilter(groups, value),
        InetOption.MCAST_JOIN_GROUP or InetOption.MCAST_LEAVE_GROUP => Change(groups, level, name, value),
        InetOption.MCAST_MSFILTER => SetFilter(groups, level, value),
        _ => ChangeSource(groups, level, name, value),
    };

    /// <summary>getsockopt(2) of IP_MSFILTER and MCAST_MSFILTER: the caller's structure says which group, and how many sources there is room for.</summary>
    public static Result<byte[]> GetFilter(SocketGroups groups, int level, int name, ReadOnlySpan<byte> given)
    {
        var isOld = name == InetOption.IP_MSFILTER;
        if (given.Length < (isOld ? OldFilterHeader : FilterHeader))
        {
            return Errno.EINVAL;
        }

        IPAddress group;
        var index = 0;
        var by = IPAddress.AnyV4;
        if (isOld)
        {
            (group, by) = (IPAddress.FromBytes(given[..4]), IPAddress.FromBytes(given[4..8]));
        }
        else
        {
            index = BinaryPrimitives.ReadInt32LittleEndian(given);
            if (!ReadAddress(given.Slice(8, StorageSize), level).Ok(out group, out var error))
            {
                return error == Errno.EINVAL ? Errno.EADDRNOTAVAIL : error;
            }
        }

        return groups.GetFilter(group, index, by).Ok(out var filter, out var missing) ? Write(given, filter, isOld) : missing;
    }

    private static byte[] Write(ReadOnlySpan<byte> given, GroupFilter filter, bool isOld)
    {
        var (header, entry) = isOld ? (OldFilterHeader, 4) : (FilterHeader, StorageSize);
        var at = header - 8;
        var room = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(given[(at + 4)..]), (uint)filter.Sources.Count);
        var bytes = new byte[header + room * entry];
        given[..header].CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), filter.Excludes ? InetOption.MCAST_EXCLUDE : InetOption.MCAST_INCLUDE);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at + 4), filter.Sources.Count); // all that there are, though not all may fit
        for (var i = 0; i < room; i++)
        {
            var source = filter.Sources[i];
            var place = bytes.AsSpan(header + i * entry, entry);
            if (isOld)
            {
                source.Write(place);
            }
            else
            {
                InetAddress.Format(new Endpoint(source, 0), source.IsV4 ? AddressFamily.AF_INET : AddressFamily.AF_INET6).CopyTo(place);
            }
        }

        return bytes;
    }

    /// <summary>struct ip_mreqn, or the shorter struct ip_mreq.</summary>
    private static Errno ChangeV4(SocketGroups groups, int name, ReadOnlySpan<byte> value)
    {
        if (value.Length < 8)
        {
            return Errno.EINVAL;
        }

        var (group, by) = (IPAddress.FromBytes(value[..4]), IPAddress.FromBytes(value[4..8]));
        var index = value.Length >= 12 ? BinaryPrimitives.ReadInt32LittleEndian(value[8..]) : 0;
        return name == InetOption.IP_ADD_MEMBERSHIP ? groups.Join(group, index, by, GroupFilter.Everybody) : groups.Leave(group, index, by);
    }

    /// <summary>struct ipv6_mreq.</summary>
    private static Errno ChangeV6(SocketGroups groups, int name, ReadOnlySpan<byte> value)
    {
        if (value.Length < 20)
        {
            return Errno.EINVAL;
        }

        var (group, index) = (IPAddress.FromBytes(value[..16]), BinaryPrimitives.ReadInt32LittleEndian(value[16..]));
        return group.IsV4 ? Errno.EINVAL
            : name == InetOption.IPV6_ADD_MEMBERSHIP ? groups.Join(group, index, IPAddress.AnyV6, GroupFilter.Everybody)
            : groups.Leave(group, index, IPAddress.AnyV6);
    }

    /// <summary>struct group_req.</summary>
    private static Errno Change(SocketGroups groups, int level, int name, ReadOnlySpan<byte> value)
    {
        if (value.Length < 8 + StorageSize)
        {
            return Errno.EINVAL;
        }

        if (!ReadAddress(value.Slice(8, StorageSize), level).Ok(out var group, out var error))
        {
            return error;
        }

        var index = BinaryPrimitives.ReadInt32LittleEndian(value);
        return name == InetOption.MCAST_JOIN_GROUP ? groups.Join(group, index, IPAddress.AnyV4, GroupFilter.Everybody) : groups.Leave(group, index, IPAddress.AnyV4);
    }

    /// <summary>struct ip_mreq_source: group, interface, source.</summary>
    private static Errno ChangeSourceV4(SocketGroups groups, int name, ReadOnlySpan<byte> value)
    {
        if (value.Length != 12)
        {
            return Errno.EINVAL;
        }

        var (group, by, source) = (IPAddress.FromBytes(value[..4]), IPAddress.FromBytes(value[4..8]), IPAddress.FromBytes(value[8..12]));
        return ChangeSource(groups, group, 0, by, source, name is InetOption.IP_BLOCK_SOURCE or InetOption.IP_UNBLOCK_SOURCE, name is InetOption.IP_BLOCK_SOURCE or InetOption.IP_ADD_SOURCE_MEMBERSHIP);
    }

    /// <summary>struct group_source_req.</summary>
    private static Errno ChangeSource(SocketGroups groups, int level, int name, ReadOnlySpan<byte> value)
    {
        if (value.Length != 8 + 2 * StorageSize)
        {
            return Errno.EINVAL;
        }

        if (!ReadAddress(value.Slice(8, StorageSize), level).Ok(out var group, out _) || !ReadAddress(value.Slice(8 + StorageSize, StorageSize), level).Ok(out var source, out _))
        {
            return Errno.EADDRNOTAVAIL;
        }

        return ChangeSource(
            groups, group, BinaryPrimitives.ReadInt32LittleEndian(value), IPAddress.AnyV4, source,
            name is InetOption.MCAST_BLOCK_SOURCE or InetOption.MCAST_UNBLOCK_SOURCE, name is InetOption.MCAST_BLOCK_SOURCE or InetOption.MCAST_JOIN_SOURCE_GROUP);
    }

    /// <summary>To want one source is to join the group for it.</summary>
    private static Errno ChangeSource(SocketGroups groups, IPAddress group, int index, IPAddress by, IPAddress source, bool excludes, bool add)
    {
        if (!excludes && add)
        {
            var error = groups.Join(group, index, by, new GroupFilter(false, [source]));
            if (error != Errno.EADDRINUSE)
            {
                return error;
            }
        }

        return groups.ChangeSource(group, index, by, source, excludes, add);
    }

    private static Errno SetOldFilter(SocketGroups groups, ReadOnlySpan<byte> value)
    {
        if (value.Length < OldFilterHeader)
        {
            return Errno.EINVAL;
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(value[12..]);
        if (count > SocketGroups.MaxSourcesV4)
        {
            return Errno.ENOBUFS;
        }

        if (OldFilterHeader + count * 4 > value.Length)
        {
            return Errno.EINVAL;
        }

        var sources = new IPAddress[count];
        for (var i = 0; i < sources.Length; i++)
        {
            sources[i] = IPAddress.FromBytes(value.Slice(OldFilterHeader + i * 4, 4));
        }

        return SetFilter(groups, IPAddress.FromBytes(value[..4]), 0, IPAddress.FromBytes(value[4..8]), BinaryPrimitives.ReadUInt32LittleEndian(value[8..]), sources);
    }

    private static Errno SetFilter(SocketGroups groups, int level, ReadOnlySpan<byte> value)
    {
        if (value.Length < FilterHeader)
        {
            return Errno.EINVAL;
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(value[(FilterHeader - 4)..]);
        if (count > SocketGroups.MaxSources(level == InetOption.IPPROTO_IP))
        {
            return Errno.ENOBUFS;
        }

        if (FilterHeader + count * StorageSize > value.Length)
        {
            return Errno.EINVAL;
        }

        if (!ReadAddress(value.Slice(8, StorageSize), level).Ok(out var group, out var error))
        {
            return error;
        }

        var sources = new IPAddress[count];
        for (var i = 0; i < sources.Length; i++)
        {
            if (!ReadAddress(value.Slice(FilterHeader + i * StorageSize, StorageSize), level).Ok(out sources[i], out _))
            {
                return Errno.EADDRNOTAVAIL;
            }
        }

        return SetFilter(groups, group, BinaryPrimitives.ReadInt32LittleEndian(value), IPAddress.AnyV4, BinaryPrimitives.ReadUInt32LittleEndian(value[(FilterHeader - 8)..]), sources);
    }

    private static Errno SetFilter(SocketGroups groups, IPAddress group, int index, IPAddress by, uint mode, IPAddress[] sources) =>
        mode is InetOption.MCAST_INCLUDE or InetOption.MCAST_EXCLUDE
            ? groups.SetFilter(group, index, by, new GroupFilter(mode == InetOption.MCAST_EXCLUDE, [.. sources.Distinct()]))
            : Errno.EINVAL;

    /// <summary>An address of the level's family: EINVAL for another one.</summary>
    private static Result<IPAddress> ReadAddress(ReadOnlySpan<byte> storage, int level)
    {
        var family = level == InetOption.IPPROTO_IP ? AddressFamily.AF_INET : AddressFamily.AF_INET6;
        return InetAddress.FamilyOf(storage) == family && InetAddress.Parse(storage, family).Ok(out var endpoint, out _) ? endpoint.Address : Errno.EINVAL;
    }
}
