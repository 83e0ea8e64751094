using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Linux.Inet;
using Dragonet.Net;
using Dragonet.Vfs;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>A netlink message that asks for something; those of rtnetlink(7) are answered inside the stack.</summary>
internal ref struct RouteRequest
{
    public required NetworkStack Network { get; init; }

    public required ICaller Caller { get; init; }

    public required nlmsghdr Header { get; init; }

    /// <summary>What is behind the header.</summary>
    public required ReadOnlySpan<byte> Body { get; init; }

    /// <summary>The socket that asked.</summary>
    public required uint Port { get; init; }

    /// <summary>NETLINK_GET_STRICT_CHK: what the fixed part of a question for all says narrows it.</summary>
    public required bool IsStrict { get; init; }

    /// <summary>Receives the answers.</summary>
    public required List<byte[]> Answers { get; init; }

    /// <summary>Why it was refused, for people (NETLINK_EXT_ACK).</summary>
    public string? Reason { get; private set; }

    public readonly Stack Stack => Network.Stack;

    /// <summary>All of a kind are wanted.</summary>
    public readonly bool IsDump => (Header.nlmsg_flags & Netlink.NLM_F_DUMP) != 0;

    /// <summary>The first byte of the fixed part: AF_*, or 0 for all.</summary>
    public readonly byte Family => Body.IsEmpty ? (byte)0 : Body[0];

    public readonly bool Has(ushort flag) => (Header.nlmsg_flags & flag) == flag;

    /// <summary>The fixed part; false when the message is too short for it (EINVAL).</summary>
    public readonly bool TryRead<T>(out T value)
        where T : unmanaged
    {
        if (Body.Length < Marshal.SizeOf<T>())
        {
            value = default;
            return false;
        }

        value = MemoryMarshal.Read<T>(Body);
        return true;
    }

    /// <summary>The fixed part of a message about routes: EINVAL when it is too short, EOPNOTSUPP for another family than IPv4 and IPv6.</summary>
    public readonly Errno ReadRoute(out rtmsg body, out bool isV4)
    {
        var isWhole = TryRead(out body);
        isV4 = body.rtm_family == (byte)AddressFamily.AF_INET;
        return !isWhole ? Errno.EINVAL : isV4 || body.rtm_family == (byte)AddressFamily.AF_INET6 ? Errno.OK : Errno.EOPNOTSUPP;
    }

    /// <summary>The attributes behind a fixed part of this type.</summary>
    public readonly NetlinkAttributes Attributes<T>()
        where T : unmanaged
        => NetlinkAttributes.Behind(Body, Marshal.SizeOf<T>());

    /// <summary>The interface of a number, or null.</summary>
    public readonly Interface? Find(int index) => Stack.Interfaces.FirstOrDefault(link => link.Index == index);

    /// <summary>Refuses.</summary>
    public Errno Refuse(Errno error, string reason)
    {
        Reason = reason;
        return error;
    }
}
