using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>What a packet socket does for a ring that shows frames after a time.</summary>
public sealed class PacketRingTests
{
    [Fact]
    public void A_ring_is_called_when_it_has_waited()
    {
        var stack = Stack.WithLoopback(new StackOptions { Random = () => 7 });
        var (receiver, sender) = (stack.CreateUdp(isV6: false), stack.CreateUdp(isV6: false));
        Assert.Equal(Errno.OK, receiver.Bind(new Endpoint(IPAddress.LoopbackV4, 80)));
        var packets = stack.CreatePacket(isRaw: true, PacketSocket.AllProtocols);
        var ring = new WaitingRing();
        packets.Ring = ring;
        Assert.True(sender.Send([1], new Endpoint(IPAddress.LoopbackV4, 80)).IsOk);
        stack.Run();
        Assert.Equal(2, ring.Flows.Count); // it goes out, and comes in
        Assert.NotEqual(0u, ring.Flows[0]);
        Assert.Equal(ring.Flows[0], ring.Flows[1]);
        Assert.Equal(PollEvents.None, packets.Poll() & PollEvents.POLLIN);

        Assert.True(stack.NextDeadline <= ring.Deadline);
        stack.SetTime(ring.Deadline - 1);
        stack.Run();
        Assert.Equal(PollEvents.None, packets.Poll() & PollEvents.POLLIN);
        stack.SetTime(ring.Deadline);
        stack.Run();
        Assert.Equal(PollEvents.POLLIN, packets.Poll() & PollEvents.POLLIN);

        Assert.True(sender.Send([1], new Endpoint(IPAddress.LoopbackV4, 80)).IsOk);
        stack.Run();
        packets.Close();
        receiver.Close();
        sender.Close();
        Assert.Equal(default, stack.Census);
    }

    private sealed class WaitingRing : IPacketRing
    {
        public List<uint> Flows { get; } = [];

        public bool HasData { get; private set; }

        public bool HasRoom => true;

        public bool WantsFlow => true;

        public long Deadline { get; private set; } = long.MaxValue;

        public bool Put(ReadOnlySpan<byte> bytes, in PacketInfo about, uint flow)
        {
            Flows.Add(flow);
            Deadline = Math.Min(Deadline, about.Time + 5_000_000);
            return true;
        }

        public void Expire(long now)
        {
            HasData = now >= Deadline;
            Deadline = long.MaxValue;
        }

        public void ForgetLosses() => HasData = false;
    }
}
