using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>The metrics of a route in messages (RTA_METRICS), with the bounds and words of Linux (ip_metrics_convert).</summary>
internal static class MetricAttributes
{
    private const int MostMtu = 65535 - 15;
    private const int MostSegment = 65535 - 40;

    /// <summary>Reads them.</summary>
    /// <param name="request">The message.</param>
    /// <param name="bytes">The value of RTA_METRICS.</param>
    /// <param name="metrics">What it says; null for nothing.</param>
    public static Errno Read(ref RouteRequest request, ReadOnlySpan<byte> bytes, out RouteMetrics? metrics)
    {
        metrics = null;
        var found = new RouteMetrics();
        while (bytes.Length >= 4)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
            var type = (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]) & Netlink.NLA_TYPE_MASK);
            if (length < 4 || length > bytes.Length)
            {
                break;
            }

            if (type > Netlink.RTAX_MAX)
            {
                return request.Refuse(Errno.EINVAL, "Invalid metric type");
            }

            if (type != 0)
            {
                if (length != 8)
                {
                    return request.Refuse(Errno.EINVAL, "Invalid attribute in metrics");
                }

                var value = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
                switch (type)
                {
                    case Netlink.RTAX_LOCK when (value & ~(1u << Netlink.RTAX_MTU)) == 0:
                        found = found with { LocksMtu = value != 0 };
                        break;
                    case Netlink.RTAX_MTU:
                        found = found with { Mtu = (int)Math.Min(value, MostMtu) };
                        break;
                    case Netlink.RTAX_ADVMSS:
                        found = found with { AdvertisedSegment = (int)Math.Min(value, MostSegment) };
                        break;
                    case Netlink.RTAX_HOPLIMIT:
                        found = found with { HopLimit = (byte)Math.Min(value, byte.MaxValue) };
                        break;
                    case Netlink.RTAX_INITCWND:
                        found = found with { InitialWindow = (int)Math.Min(value, ushort.MaxValue) };
                        break;
                    default:
                        return request.Refuse(Errno.EOPNOTSUPP, "Of metrics mtu, advmss, initcwnd, hoplimit and a lock of mtu are supported");
                }
            }

            bytes = bytes[Math.Min((length + 3) & ~3, bytes.Length)..];
        }

        metrics = found == new RouteMetrics() ? null : found;
        return Errno.OK;
    }

    /// <summary>Writes them.</summary>
    public static void Write(NetlinkMessage message, RouteMetrics? metrics)
    {
        if (metrics is null)
        {
            return;
        }

        _ = message.Nest(Netlink.RTA_METRICS, inside =>
        {
            foreach (var (type, value) in ((ushort, int)[])[(Netlink.RTAX_LOCK, metrics.LocksMtu ? 1 << Netlink.RTAX_MTU : 0), (Netlink.RTAX_MTU, metrics.Mtu),
                (Netlink.RTAX_ADVMSS, metrics.AdvertisedSegment), (Netlink.RTAX_HOPLIMIT, metrics.HopLimit), (Netlink.RTAX_INITCWND, metrics.InitialWindow)])
            {
                if (value != 0)
                {
                    _ = inside.Add(type, value);
                }
            }
        });
    }
}
