using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.UserNet;
using Xunit;

namespace Dragonet.Net.Tests.UserNet;

/// <summary>The forwarder of DNS, and what its answers open.</summary>
public sealed class DnsTests
{
    private static readonly Endpoint s_forwarder = new(IPAddress.Parse("10.0.2.3"), 53);
    private static readonly Endpoint[] s_servers = [new(IPAddress.Parse("192.0.2.53"), 53), new(IPAddress.Parse("192.0.2.54"), 53)];

    [Fact]
    public void An_answer_opens_the_addresses_along_its_chain_and_no_others()
    {
        var site = new Site(["www.example.org:80"], s_servers);
        Assert.Equal(Errno.EHOSTUNREACH, site.Call("192.0.2.80", 80).TakeError()); // not before the answer
        var client = Ask(site, Query(77, "WWW.example.org"));
        var host = site.Host.Sockets[^1];
        host.Give(Response(host.Stream,
            ("www.example.org", 5, Name("cdn.example.net")), ("cdn.example.net", 1, [192, 0, 2, 80]),
            ("www.example.org", 1, [127, 0, 0, 1]),           // rebinding
            ("unrelated.net", 1, [192, 0, 2, 99])));
        var answer = Receive(client);
        Assert.Equal(77, DnsMessage.Id(answer));
        Assert.True(host.IsClosed);
        _ = site.Connect("192.0.2.80", 80);
        Assert.Equal(Errno.EHOSTUNREACH, site.Call("192.0.2.80", 81).TakeError());
        Assert.Equal(Errno.EHOSTUNREACH, site.Call("192.0.2.99", 80).TakeError());
        site.Pass(601 * World.Second);
        Assert.Equal(Errno.EHOSTUNREACH, site.Call("192.0.2.80", 80).TakeError());
    }

    [Fact]
    public void Other_names_are_refused_without_asking_anybody()
    {
        var site = new Site(["example.org"], s_servers);
        var answer = Receive(Ask(site, Query(5, "secret.data.evil.net")));
        Assert.Equal((5, DnsMessage.Refused), (DnsMessage.Id(answer), answer[3] & 15));
        Assert.Empty(site.Host.Sockets);
        Assert.Equal(["the name secret.data.evil.net is not allowed"], site.Refusals);
        Assert.Empty(new Site(["192.0.2.1"], s_servers).Host.Sockets);
        answer = Receive(Ask(site, Query(6, "example.org\\046x"))); // a dot that is none
        Assert.Equal(DnsMessage.Refused, answer[3] & 15);
    }

    [Fact]
    public void Forged_answers_are_not_believed_and_open_nothing()
    {
        var site = new Site(["example.org"], s_servers);
        var client = Ask(site, Query(5, "example.org"));
        var host = site.Host.Sockets[^1];
        var good = Response(host.Stream, ("example.org", 1, [192, 0, 2, 80]));
        var wrongNumber = good.ToArray();
        wrongNumber[0] ^= 1;
        var wrongName = Response([.. host.Stream.AsSpan(0, 2), .. Query(0, "example.com").AsSpan(2)], ("example.com", 1, [192, 0, 2, 99]));
        host.Give(wrongNumber, wrongName, host.Stream, [], [1, 2, 3]);
        Assert.Equal(Errno.EAGAIN, client.Receive(new byte[1000], peek: false, out _).Error);
        Assert.Equal(Errno.EHOSTUNREACH, site.Call("192.0.2.80", 80).TakeError());
        Assert.Equal(Errno.EHOSTUNREACH, site.Call("192.0.2.99", 80).TakeError());
        host.Give(good);
        _ = Receive(client);
        _ = site.Connect("192.0.2.80", 80);
    }

    [Fact]
    public void A_silent_server_gives_way_to_the_next_and_silence_is_a_failure()
    {
        var site = new Site(null, s_servers);
        var client = Ask(site, Query(5, "example.org"));
        Assert.Equal(0x35UL, site.Host.Sockets[^1].Remote.Low & 0xff);
        site.Pass(6 * World.Second);
        Assert.Equal((2, 0x36UL), (site.Host.Sockets.Count, site.Host.Sockets[^1].Remote.Low & 0xff));
        site.Pass(6 * World.Second);
        Assert.Equal(DnsMessage.ServerFailure, Receive(client)[3] & 15);
        Assert.Equal((0, 0), (site.Host.OpenSockets, site.Gateway.HostSockets));
    }

    [Fact]
    public void Questions_by_tcp_go_on_by_tcp()
    {
        var site = new Site(["example.org"], s_servers);
        var client = site.Call("10.0.2.3", 53);
        var framed = DnsForwarder.Framed(Query(9, "example.org"));
        _ = client.Send(framed.AsSpan(0, 5));
        site.Run();
        _ = client.Send(framed.AsSpan(5));
        site.Run();
        var host = site.Host.Sockets[^1];
        host.Tell(PollEvents.POLLOUT);
        var response = DnsForwarder.Framed(Response(host.Stream[2..], ("example.org", 28, IPAddress.Parse("2001:db8::80").ToBytes())));
        host.Give(response[..7], response[7..]);
        var buffer = new byte[1000];
        Assert.Equal(response.Length, client.Receive(buffer).Value);
        Assert.Equal(9, BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(2)));
        Assert.Equal(0, site.Gateway.HostSockets);
        _ = site.Connect("2001:db8::80", 1);
        client.Close();
        site.Pass(100 * World.Second);
    }

    [Fact]
    public void No_message_makes_the_parser_throw_or_run_on()
    {
        var random = new Random(1 + FuzzTime.Seed);
        var good = Response(Query(1, "www.example.org"), ("www.example.org", 5, Name("a.b")), ("a.b", 1, [1, 2, 3, 4]), ("a.b", 28, new byte[16]));
        foreach (var round in FuzzTime.Cases("messages of DNS", 200_000))
        {
            var bytes = round % 4 == 0 ? new byte[random.Next(0, 80)] : good[..random.Next(good.Length + 1)];
            if (round % 4 == 0)
            {
                random.NextBytes(bytes);
            }

            for (var i = random.Next(4); i > 0 && bytes.Length > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xc0 : (byte)random.Next(256);
            }

            _ = DnsMessage.TryReadQuery(bytes, out var name, out var end);
            Assert.InRange(name.Length, 0, 1024);
            Assert.InRange(end, 0, Math.Max(bytes.Length, 12));
            Assert.InRange(DnsMessage.ReadAddresses(bytes).Count, 0, 4);
            _ = DnsMessage.IsResponse(bytes, good);
        }
    }

    [Fact]
    public void Nonsense_to_the_forwarder_leaves_nothing_behind()
    {
        var site = new Site(null, s_servers);
        var random = new Random(7 + FuzzTime.Seed);
        var client = site.Guest.CreateUdp(isV6: false);
        foreach (var round in FuzzTime.Cases("questions to the forwarder", 2_000))
        {
            var bytes = round % 2 == 0 ? Query((ushort)round, "example.org") : new byte[random.Next(0, 60)];
            bytes.AsSpan(random.Next(bytes.Length + 1)).Fill((byte)random.Next(256));
            _ = client.Send(bytes, s_forwarder);
            site.Run();
            if (round % 2000 == 1999)
            {
                Assert.InRange(site.Host.OpenSockets, 0, 256);
                site.Pass(20 * World.Second);
                site.Host.Sockets.Clear();
                site.Refusals.Clear();
            }
        }

        Assert.InRange(site.Host.OpenSockets, 0, 256);
        site.Pass(20 * World.Second);
        Assert.Equal((0, 0), (site.Host.OpenSockets, site.Gateway.HostSockets));
    }

    private static UdpSocket Ask(Site site, byte[] query)
    {
        var client = site.Guest.CreateUdp(isV6: false);
        _ = client.Send(query, s_forwarder);
        site.Run();
        return client;
    }

    private static byte[] Receive(UdpSocket client)
    {
        var buffer = new byte[2000];
        Assert.True(client.Receive(buffer, peek: false, out var about).Ok(out var count, out var error), $"{error}");
        Assert.Equal(s_forwarder, about.Source);
        return buffer[..count];
    }

    private static byte[] Query(ushort id, string name) => [(byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. Name(name), 0, 1, 0, 1];

    /// <summary>A name on the wire; "\046" is a dot inside of a label.</summary>
    private static byte[] Name(string name) =>
        [.. name.Split('.').Select(label => label.Replace("\\046", ".", StringComparison.Ordinal)).SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0];

    private static byte[] Response(byte[] query, params (string Owner, ushort Type, byte[] Data)[] records)
    {
        var message = query.ToList();
        (message[2], message[3], message[7]) = (0x81, 0x80, (byte)records.Length);
        foreach (var (owner, type, data) in records)
        {
            message.AddRange([.. Name(owner), (byte)(type >> 8), (byte)type, 0, 1, 0, 0, 0, 60, (byte)(data.Length >> 8), (byte)data.Length, .. data]);
        }

        return [.. message];
    }
}
