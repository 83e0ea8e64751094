using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Whatever comes from a link, nothing throws, nothing hangs, memory is bounded.</summary>
[Collection(MeasuresMemory.Alone)]
public sealed class HostileTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Mutated_packets(int seed)
    {
        // Honest packets of every kind are recorded, then come back changed, to a stack with all kinds of sockets.
        seed += FuzzTime.Seed;
        var world = new World(seed);
        var recorded = new List<(PointToPointInterface To, byte[] Packet)>();
        world.Tap = (to, packet) =>
        {
            recorded.Add((to, packet));
            return true;
        };
        foreach (var v6 in new[] { false, true })
        {
            var pair = Pair.Connect(world, v6, port: (ushort)(v6 ? 81 : 80));
            Pair.Transfer(world, new byte[30_000], (pair.Client, pair.Server), (pair.Server, pair.Client));
            _ = pair.Client.Shutdown(read: false, write: true);
            var udp = world.A.CreateUdp(v6);
            _ = udp.Send(new byte[4000], World.EndpointB(7, v6));
            _ = world.A.CreatePing(v6).Send([v6 ? (byte)128 : (byte)8, 0, 0, 0, 0, 0, 0, 1], World.EndpointB(0, v6));
            world.Pass(World.Second);
        }

        var random = new Random(seed);
        foreach (var i in FuzzTime.Cases("packets", 50_000)) // DRAGONET_FUZZ_SECONDS: for so long
        {
            var (to, packet) = recorded[random.Next(recorded.Count)];
            world.Tap = null;
            world.Inject(to, Mutate(packet, random));
            if (i % 100 == 0)
            {
                world.Pass(random.Next(200) * World.Millisecond);
            }
        }

        world.Pass(World.Second);
        Assert.InRange(world.A.Census.Packets + world.B.Census.Packets, 0, 5000);
        Assert.InRange(world.A.Census.BufferedBytes + world.B.Census.BufferedBytes, 0, 4 << 20);
    }

    [Fact]
    public void A_flood_of_calls_leaves_room_for_an_honest_one()
    {
        var world = new World();
        var listener = Pair.Listen(world.B, 80);
        var random = new Random(1);
        var syn = new byte[40];
        for (var i = 0; i < 20_000; i++)
        {
            var source = new Endpoint(IPAddress.FromV4(0x0a000003u + (uint)random.Next(200)), (ushort)random.Next(1, 65536));
            TcpSegment.Write(syn.AsSpan(20), source, World.EndpointB(80), new TcpFields((uint)random.Next(), 0, TcpFlags.Syn, 1000), 20, withChecksum: true);
            IPv4Packet.Write(syn, new IPHeader(source.Address, World.EndpointB(80).Address, IPProtocol.Tcp), 20, 0, 0);
            world.Inject(world.LinkB, syn.ToArray());
        }

        world.Pass(World.Millisecond);
        Assert.InRange(world.B.Census.Connections, 1000, 1024);
        var client = world.A.CreateTcp(isV6: false);
        _ = client.Connect(World.EndpointB(80));
        world.Until(() => listener.PendingCount == 1);
        client.Close();
        listener.Close();
        Pair.AssertEmpty(world);
    }

    /// <summary>Changes a few bytes; checksums of the IP packet behind a link header of some length are made right again, mostly.</summary>
    internal static byte[] Mutate(byte[] packet, Random random, int header = 0)
    {
        var bytes = packet.ToArray();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            switch (random.Next(5))
            {
                case 0:
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[random.Next(Math.Min(bytes.Length, 60))] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    bytes = bytes[..random.Next(1, bytes.Length + 1)];
                    break;
                case 3:
                    bytes = [.. bytes, .. new byte[random.Next(40)]];
                    break;
                default:
                    bytes[random.Next(Math.Min(bytes.Length, 80))] = random.Next(2) == 0 ? (byte)0 : (byte)255;
                    break;
            }
        }

        Repair(bytes.AsSpan(Math.Min(header, bytes.Length)));
        return bytes;
    }

    /// <summary>Correct checksums, so that the changes are looked at.</summary>
    private static void Repair(Span<byte> bytes)
    {
        if (bytes.Length < 20)
        {
            return;
        }

        int at, from;
        byte protocol;
        ulong pseudo;
        if (bytes[0] >> 4 == 4)
        {
            at = Math.Min((bytes[0] & 0xf) * 4, bytes.Length);
            if (at < 20)
            {
                return;
            }

            bytes[10] = bytes[11] = 0;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes.Slice(10), InternetChecksum.Of(bytes.Slice(0, at)));
            protocol = bytes[9];
            pseudo = InternetChecksum.AddPseudoHeader(IPAddress.FromBytes(bytes.Slice(12, 4)), IPAddress.FromBytes(bytes.Slice(16, 4)), (IPProtocol)protocol, bytes.Length - at);
            from = at;
        }
        else if (bytes.Length >= 40)
        {
            protocol = bytes[6];
            from = 40;
            pseudo = InternetChecksum.AddPseudoHeader(IPAddress.FromBytes(bytes.Slice(8, 16)), IPAddress.FromBytes(bytes.Slice(24, 16)), (IPProtocol)protocol, bytes.Length - 40);
        }
        else
        {
            return;
        }

        var field = protocol switch { 6 => 16, 17 => 6, 1 or 58 => 2, _ => -1 };
        if (field < 0 || bytes.Length < from + field + 2)
        {
            return;
        }

        bytes[from + field] = bytes[from + field + 1] = 0;
        var sum = InternetChecksum.Finish(InternetChecksum.Add(bytes.Slice(from), protocol == 1 ? 0 : pseudo));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes.Slice(from + field), sum);
    }
}
