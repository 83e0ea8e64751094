using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>Buffers of TCP grow with what a path and its reader take, and no further.</summary>
public sealed class TcpBufferTests
{
    private const int Initial = 131072;

    /// <summary>Two stacks with Linux's sizes, so many milliseconds away from each other.</summary>
    private static World Away(int milliseconds)
    {
        var world = new World(impairments: new Impairments(Delay: milliseconds * World.Millisecond));
        foreach (var stack in new[] { world.A, world.B })
        {
            (stack.TcpMemory.Receive, stack.TcpMemory.Send) = (new BufferSizes(4096, Initial, 6 << 20), new BufferSizes(4096, 16384, 4 << 20));
        }

        return world;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_long_fast_path_is_filled(bool v6)
    {
        var pair = Pair.Connect(Away(50), v6);
        var start = pair.World.Now;
        Pair.Transfer(pair.World, TcpTransferTests.Data(1, 30_000_000), (pair.Client, pair.Server));
        var seconds = (pair.World.Now - start) / (double)World.Second;
        var each = 30_000_000 / (seconds * 10);
        TestContext.Current.TestOutputHelper?.WriteLine($"{each:F0} bytes a round trip, {pair.Client.Settings.SendBuffer} and {pair.Server.Settings.ReceiveBuffer} in buffers");
        Assert.True(each > 1_000_000, $"{each:F0} bytes a round trip");
        Assert.InRange(pair.Server.Settings.ReceiveBuffer, 1 << 20, 6 << 20);
        Assert.InRange(pair.Client.Settings.SendBuffer, 1 << 20, 4 << 20);
        Assert.Equal(Initial, pair.Client.Settings.ReceiveBuffer); // nothing came this way
        pair.Close();
    }

    [Fact]
    public void A_reader_who_does_not_read_does_not_make_it_grow()
    {
        var pair = Pair.Connect(Away(50));
        var sent = 0;
        var data = TcpTransferTests.Data(2, 1 << 20);
        for (var i = 0; i < 100; i++)
        {
            sent += pair.Client.Send(data).Ok(out var count) ? count : 0;
            pair.World.Pass(100 * World.Millisecond);
        }

        Assert.Equal(Initial, pair.Server.Settings.ReceiveBuffer);
        Assert.InRange(pair.Server.IncomingCount, 1, Initial + 8192); // windows are told in steps of 128 bytes, rounded up
        Assert.InRange(sent, 1, 1 << 20);
        pair.Close();
    }

    [Fact]
    public void A_slow_reader_does_not_either()
    {
        var pair = Pair.Connect(Away(5));
        var (data, buffer) = (TcpTransferTests.Data(2, 1 << 20), new byte[1000]);
        for (var i = 0; i < 300; i++)
        {
            _ = pair.Client.Send(data);
            pair.World.Pass(10 * World.Millisecond);
            _ = pair.Server.Receive(buffer);
        }

        Assert.Equal(Initial, pair.Server.Settings.ReceiveBuffer);
        pair.Close();
    }

    [Fact]
    public void Who_has_set_a_size_keeps_it()
    {
        var pair = Pair.Connect(Away(20));
        (pair.Client.Settings.LocksSendBuffer, pair.Client.Settings.SendBuffer) = (true, 100_000);
        (pair.Server.Settings.LocksReceiveBuffer, pair.Server.Settings.ReceiveBuffer) = (true, 150_000);
        Pair.Transfer(pair.World, TcpTransferTests.Data(3, 3_000_000), (pair.Client, pair.Server));
        Assert.Equal((100_000, 150_000), (pair.Client.Settings.SendBuffer, pair.Server.Settings.ReceiveBuffer));
        pair.Close();
    }

    [Fact]
    public void Nothing_grows_when_it_shall_not_or_memory_is_short()
    {
        var world = Away(20);
        world.B.TcpMemory.ModeratesReceive = false;
        var pair = Pair.Connect(world);
        Pair.Transfer(world, TcpTransferTests.Data(4, 3_000_000), (pair.Client, pair.Server));
        Assert.Equal(Initial, pair.Server.Settings.ReceiveBuffer);
        world.B.TcpMemory.ModeratesReceive = true;
        var most = world.B.Buffers.Limit / 2 + 1;
        world.B.Buffers.Charge(most);
        Pair.Transfer(world, TcpTransferTests.Data(5, 3_000_000), (pair.Client, pair.Server));
        Assert.Equal(Initial, pair.Server.Settings.ReceiveBuffer);
        world.B.Buffers.Release(most);
        pair.Close();
        pair = Pair.Connect(world);
        Pair.Transfer(world, TcpTransferTests.Data(6, 3_000_000), (pair.Client, pair.Server));
        Assert.True(pair.Server.Settings.ReceiveBuffer > Initial);
        pair.Close();
    }

    [Theory]
    [InlineData(131072, 3)] // SO_RCVBUF may ask for 425,984
    [InlineData(6 << 20, 7)]
    [InlineData(int.MaxValue, 13)]
    public void The_window_is_scaled_for_the_largest_buffer(int most, int shift)
    {
        var world = new World();
        world.B.TcpMemory.Receive = new BufferSizes(4096, Initial, most);
        var pair = Pair.Connect(world);
        Assert.Equal(shift, pair.Server.GetInfo().ReceiveShift);
        Assert.Equal(shift, pair.Client.GetInfo().SendShift);
        Pair.Transfer(world, TcpTransferTests.Data(7, 1_000_000), (pair.Client, pair.Server));
        pair.Close();
    }

    [Fact]
    public void Without_timestamps_it_grows_too()
    {
        var world = Away(50);
        world.Tap = (_, packet) =>
        {
            // The peer does not know them: NOPs in both SYNs, and checksums to match.
            var tcp = packet.AsSpan(20);
            if ((tcp[13] & 2) != 0)
            {
                var at = tcp[20..((tcp[12] >> 4) * 4)].IndexOf((ReadOnlySpan<byte>)[8, 10]);
                tcp.Slice(20 + at, 10).Fill(1);
                tcp[16] = tcp[17] = 0;
                var pseudo = InternetChecksum.AddPseudoHeader(IPAddress.FromBytes(packet.AsSpan(12, 4)), IPAddress.FromBytes(packet.AsSpan(16, 4)), IPProtocol.Tcp, tcp.Length);
                System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], InternetChecksum.Finish(InternetChecksum.Add(tcp, pseudo)));
            }

            return true;
        };
        var pair = Pair.Connect(world);
        Assert.False(pair.Client.GetInfo().HasTimestamps);
        Pair.Transfer(world, TcpTransferTests.Data(8, 20_000_000), (pair.Client, pair.Server));
        Assert.True(pair.Server.Settings.ReceiveBuffer > 1 << 20, $"{pair.Server.Settings.ReceiveBuffer}");
        pair.Close();
    }
}
