using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>A connection within one stack: data goes from end to end without segments, and nobody can tell but by looking for them.</summary>
public sealed class TcpNearTests
{
    /// <summary>Counts the segments with data on lo.</summary>
    private sealed class Watch : IFrameTap
    {
        public int Data { get; private set; }

        public void OnFrame(Interface link, ReadOnlySpan<byte> bytes, bool isOutgoing, long now)
        {
            if (isOutgoing && IPv4Packet.TryParse(bytes, out var ip) && TcpSegment.TryParse(bytes[ip.HeaderLength..ip.TotalLength], out var segment) && !segment.Payload.IsEmpty)
            {
                Data++;
            }
        }
    }

    [Fact]
    public void Data_takes_no_segments_and_counts_as_if_it_had()
    {
        var pair = Connect(new World());
        var counters = pair.World.A.Counters;
        var (segments, bytes) = (counters.TcpOutSegments, pair.World.A.Loopback.Counters.SentBytes);
        Pair.Transfer(pair.World, TcpTransferTests.Data(1, 3_000_000), (pair.Client, pair.Server), (pair.Server, pair.Client));
        Assert.InRange(counters.TcpOutSegments - segments, 6_000_000 / 65483, 1000);
        Assert.True(pair.World.A.Loopback.Counters.SentBytes - bytes > 6_000_000);
        Assert.Equal(counters.TcpOutSegments, counters.TcpInSegments);
        Assert.Equal(3_000_000, pair.Client.GetInfo().BytesAcknowledged);
        Assert.Equal(3_000_000, pair.Client.GetInfo().BytesReceived);
        pair.World.Pass(10 * World.Second);
        Assert.Equal(long.MaxValue, pair.World.A.NextDeadline); // nothing is on its way, so there is nothing to wait for
        pair.Close();
    }

    [Fact]
    public void Who_watches_sees_segments()
    {
        var pair = Connect(new World());
        var watch = new Watch();
        pair.World.A.Loopback.AddTap(watch);
        Pair.Transfer(pair.World, TcpTransferTests.Data(1, 100_000), (pair.Client, pair.Server));
        Assert.True(watch.Data >= 2);
        var seen = watch.Data;
        pair.World.A.Loopback.RemoveTap(watch);
        Pair.Transfer(pair.World, TcpTransferTests.Data(1, 100_000), (pair.Client, pair.Server));
        pair.World.A.Loopback.AddTap(watch);
        Assert.Equal(seen, watch.Data);
        pair.Close();
    }

    [Fact]
    public void A_firewall_still_judges()
    {
        var pair = Connect(new World());
        var firewall = pair.World.A.UseFirewall();
        _ = firewall.Add(FilterParser.Parse(["output", "tcp", "dport", "80", "drop"], out var why) ?? throw new InvalidOperationException(why));
        Assert.Equal(5, pair.Client.Send("lost!"u8).Value);
        pair.World.Pass(World.Second);
        Assert.Equal(Errno.EAGAIN, pair.Server.Receive(new byte[10]).Error);
    }

    [Fact]
    public void A_full_buffer_holds_the_sender_back_and_its_rest_follows_the_reader()
    {
        var pair = Connect(new World());
        var data = TcpTransferTests.Data(3, 4_000_000);
        var sent = 0;
        while (pair.Client.Send(data.AsSpan(sent)).Ok(out var count, out _))
        {
            sent += count;
        }

        Assert.Equal(pair.Client.Settings.SendBuffer + pair.Server.Settings.ReceiveBuffer, sent);
        Assert.Equal(pair.Server.Settings.ReceiveBuffer, pair.Server.IncomingCount);
        Assert.Equal(Errno.OK, pair.Client.Shutdown(read: false, write: true));
        var received = new byte[sent + 1];
        var at = 0;
        pair.World.Until(() =>
        {
            while (pair.Server.Receive(received.AsSpan(at)).Ok(out var count, out _) && count > 0)
            {
                at += count;
            }

            return pair.Server.IsAtEnd;
        });
        Assert.Equal(sent, at);
        Assert.True(data.AsSpan(0, sent).SequenceEqual(received.AsSpan(0, at)));
        pair.Close();
    }

    /// <summary>Both ways at random, with somebody who looks now and then, so that data changes its way again and again.</summary>
    [Fact]
    public void Either_way_follows_the_other_at_any_byte()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            Converse(new Random(seed), Connect(new World(seed), v6: seed % 2 == 0));
        }
    }

    private static void Converse(Random random, Pair pair)
    {
        var lo = pair.World.A.Loopback;
        var watch = new Watch();
        var isWatched = false;
        TcpSocket[] ends = [pair.Client, pair.Server];
        var data = TcpTransferTests.Data(random.Next(), 600_000);
        var sent = new int[2];
        var received = new int[2];
        var buffer = new byte[200_000];
        foreach (var end in ends)
        {
            end.Settings.ReceiveBuffer = 1 << random.Next(11, 19);
            end.Settings.SendBuffer = 1 << random.Next(11, 19);
        }

        for (var step = 0; received[0] < data.Length || received[1] < data.Length; step++)
        {
            Assert.True(step < 200_000, $"hangs: {received[0]}, {received[1]}");
            var who = random.Next(2);
            switch (random.Next(12))
            {
                case 0:
                    (isWatched, var was) = (!isWatched, isWatched);
                    (was ? (Action<IFrameTap>)lo.RemoveTap : lo.AddTap)(watch);
                    break;
                case 1:
                    ends[who].Settings.Cork = !ends[who].Settings.Cork;
                    ends[who].SettingsChanged(push: !ends[who].Settings.Cork);
                    break;
                case 2:
                    ends[who].Settings.NoDelay = !ends[who].Settings.NoDelay;
                    break;
                case 3:
                    pair.World.Pass(random.Next(300) * World.Millisecond);
                    break;
                case < 8:
                    var length = Math.Min(random.Next(1, 1 << random.Next(1, 18)), data.Length - sent[who]);
                    sent[who] += length > 0 && ends[who].Send(data.AsSpan(sent[who], length), more: random.Next(8) == 0).Ok(out var count, out _) ? count : 0;
                    break;
                default:
                    if (ends[1 - who].Receive(buffer.AsSpan(0, random.Next(1, buffer.Length))).Ok(out count, out _))
                    {
                        Assert.True(data.AsSpan(received[who], count).SequenceEqual(buffer.AsSpan(0, count)), $"wrong bytes at {received[who]}");
                        received[who] += count;
                    }

                    break;
            }

            if (random.Next(3) > 0)
            {
                pair.World.Pass(0);
            }
        }

        pair.Close();
    }

    /// <summary>Both ends on the first stack; the second has nothing to do.</summary>
    private static Pair Connect(World world, bool v6 = false)
    {
        var listener = Pair.Listen(world.A, 80, v6);
        var client = world.A.CreateTcp(v6);
        Assert.Equal(Errno.EINPROGRESS, client.Connect(new Endpoint(v6 ? IPAddress.LoopbackV6 : IPAddress.LoopbackV4, 80)));
        world.Until(() => client.State == TcpState.Established && listener.PendingCount == 1);
        Assert.True(listener.Accept().Ok(out var server, out var error), error.ToString());
        return new Pair(world, client, server, listener);
    }
}
