using System.Buffers.Binary;
using Xunit;

namespace Dragonet.Net.Tests.Switching;

/// <summary>A switch in virtual time, and what arrives at each of its ports.</summary>
internal sealed class SwitchWorld
{
    private readonly Dictionary<SwitchPort, List<byte[]>> _arrived = [];

    internal SwitchWorld(FrameSwitchOptions? options = null)
    {
        Switch = new FrameSwitch(options ?? new FrameSwitchOptions());
        Switch.SetTime(Now);
    }

    internal FrameSwitch Switch { get; }

    internal long Now { get; private set; } = World.Second;

    internal static EthernetAddress Mac(int number) => new(0x0200_0000_0000UL + (ulong)number);

    /// <summary>Somebody with MAC address NUMBER and these IP addresses.</summary>
    internal SwitchPort Connect(int number, string addresses = "", bool isTrunk = false)
        => Connect(new SwitchPortOptions { HardwareAddress = number == 0 ? null : Mac(number), Addresses = [.. addresses.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse)], IsTrunk = isTrunk });

    internal SwitchPort Connect(SwitchPortOptions options, Func<bool>? isReady = null)
    {
        var arrived = new List<byte[]>();
        Assert.True(Switch.Connect(options, frame =>
        {
            if (isReady?.Invoke() == false)
            {
                return false;
            }

            arrived.Add(frame.ToArray());
            return true;
        }).Ok(out var port, out var error), error.ToString());
        _arrived.Add(port, arrived);
        return port;
    }

    internal void Pass(long time)
    {
        Now += time;
        Switch.SetTime(Now);
        Switch.Run();
    }

    internal void Send(SwitchPort from, ReadOnlySpan<byte> frame)
    {
        Switch.Receive(from, frame);
        Switch.Run();
    }

    /// <summary>Sends a frame of no protocol, and says at which of the ports it arrived.</summary>
    internal IReadOnlyList<SwitchPort> Reached(SwitchPort from, EthernetAddress source, EthernetAddress destination)
    {
        var before = Count();
        Send(from, Frame(source, destination, 0x1234, new byte[46]));
        return [.. before.Where(pair => _arrived[pair.Key].Count > pair.Value).Select(pair => pair.Key)];
    }

    /// <summary>True when a frame arrived anywhere.</summary>
    internal bool Passes(SwitchPort from, byte[] frame)
    {
        var before = Count().Values.Sum();
        Send(from, frame);
        return Count().Values.Sum() > before;
    }

    internal IReadOnlyList<byte[]> Arrived(SwitchPort port) => _arrived[port];

    /// <summary>Forgets what arrived.</summary>
    internal void Forget() => Array.ForEach([.. _arrived.Values], static frames => frames.Clear());

    internal static byte[] Frame(EthernetAddress source, EthernetAddress destination, ushort type, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[EthernetFrame.HeaderSize + payload.Length];
        EthernetFrame.Write(frame, destination, source, type);
        payload.CopyTo(frame.AsSpan(EthernetFrame.HeaderSize));
        return frame;
    }

    internal static byte[] Arp(int source, int sender, string address)
    {
        var arp = new byte[ArpPacket.Size];
        ArpPacket.Write(arp, ArpPacket.Reply, Mac(sender), IPAddress.Parse(address), default, IPAddress.Parse("10.0.0.99"));
        return Frame(Mac(source), EthernetAddress.Broadcast, EthernetFrame.TypeArp, arp);
    }

    internal static byte[] V4(int source, string address)
    {
        var packet = new byte[20];
        packet[0] = 0x45;
        IPAddress.Parse(address).Write(packet.AsSpan(12));
        return Frame(Mac(source), EthernetAddress.Broadcast, EthernetFrame.TypeIPv4, packet);
    }

    internal static byte[] V6(int source, string address, byte next = 59, ReadOnlySpan<byte> payload = default)
    {
        var packet = new byte[40 + payload.Length];
        packet[0] = 0x60;
        packet[6] = next;
        IPAddress.Parse(address).Write16(packet.AsSpan(8));
        payload.CopyTo(packet.AsSpan(40));
        return Frame(Mac(source), EthernetAddress.Broadcast, EthernetFrame.TypeIPv6, packet);
    }

    /// <summary>An advertisement that an address is at a MAC address.</summary>
    internal static byte[] Advertisement(int source, string from, string target, int told)
    {
        var message = new byte[NeighbourMessage.Size];
        NeighbourMessage.Write(message, isSolicitation: false, isSolicited: true, IPAddress.Parse(target), Mac(told));
        return V6(source, from, 58, message);
    }

    internal static byte[] Tagged(byte[] frame, int tags)
    {
        var bytes = new List<byte>(frame);
        for (var i = 0; i < tags; i++)
        {
            var tag = new byte[4];
            BinaryPrimitives.WriteUInt16BigEndian(tag, 0x8100);
            tag[3] = 5;
            bytes.InsertRange(12, tag);
        }

        return [.. bytes];
    }

    private Dictionary<SwitchPort, int> Count() => _arrived.ToDictionary(static pair => pair.Key, static pair => pair.Value.Count);
}
