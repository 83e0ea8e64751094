using System.Buffers.Binary;
using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests.UserNet;

/// <summary>What the gateway tells of itself: DHCP (RFC 2131) and router advertisements (RFC 4861).</summary>
public sealed class LeaseTests
{
    [Theory]
    [InlineData(1, "10.0.2.99", 2)]  // an offer, whatever is asked for
    [InlineData(3, "10.0.2.15", 5)]  // acknowledged
    [InlineData(3, "10.0.2.99", 6)]  // refused
    [InlineData(7, "10.0.2.15", 0)]  // a release is not answered
    public void A_client_gets_the_address_that_the_guest_has(byte type, string wanted, byte answer)
    {
        var site = new Site();
        var client = site.Guest.CreateUdp(isV6: false);
        client.MayBroadcast = true;
        Assert.Equal(Errno.OK, client.Bind(new Endpoint(IPAddress.AnyV4, 68)));
        var query = new byte[240 + 3 + 6 + 1];
        (query[0], query[1], query[2], query[7]) = (1, 1, 6, 0x42);
        query[28] = 0x52;
        BinaryPrimitives.WriteUInt32BigEndian(query.AsSpan(236), 0x63825363);
        (query[240], query[241], query[242], query[243], query[244]) = (53, 1, type, 50, 4);
        IPAddress.Parse(wanted).Write(query.AsSpan(245));
        query[^1] = 255;
        var link = site.Guest.FindInterface("eth0")!.Index;
        Assert.True(client.Send(query, new Endpoint(IPAddress.Parse("255.255.255.255"), 67), new SendControls(Interface: link)).IsOk);
        site.Run();
        var reply = new byte[600];
        var got = client.Receive(reply, peek: false, out var about);
        while (got.IsOk && reply[0] == 1)
        {
            got = client.Receive(reply, peek: false, out about); // its own, which everybody hears
        }

        if (answer == 0)
        {
            Assert.Equal(Errno.EAGAIN, got.Error);
            return;
        }

        Assert.Equal((2, 0x42, 0x52), (reply[0], reply[7], reply[28]));
        Assert.Equal(new byte[] { 53, 1, answer }, reply[240..243]);
        Assert.Equal(answer == 6 ? "0.0.0.0" : "10.0.2.15", IPAddress.FromBytes(reply.AsSpan(16, 4)).ToString());
        Assert.Equal("10.0.2.2", about.Source.Address.ToString());

        // The rest (RFC 2131, table 3): a refusal says nothing but who refuses.
        var options = Options(reply);
        Assert.Equal([10, 0, 2, 2], options[54]);
        Assert.Equal(answer != 6, options.ContainsKey(1));
        if (answer != 6)
        {
            Assert.Equal([255, 255, 255, 0, 10, 0, 2, 2, 10, 0, 2, 3], [.. options[1], .. options[3], .. options[6]]);
            Assert.Equal([86400, 43200, 75600], new byte[] { 51, 58, 59 }.Select(number => BinaryPrimitives.ReadUInt32BigEndian(options[number])));
        }
    }

    [Theory]
    [InlineData(3, "10.0.2.15", "10.0.2.2", "")]              // it renews: asked and answered from address to address
    [InlineData(8, "10.0.2.15", "10.0.2.2", "0.0.0.0")]       // it has an address of its own, and wants the rest: no lease
    [InlineData(3, "10.0.2.15", "192.0.2.1", "none")]         // it has taken another server's offer
    public void A_client_with_an_address_is_answered_there(byte type, string present, string server, string given)
    {
        var site = new Site();
        var client = site.Guest.CreateUdp(isV6: false);
        Assert.Equal(Errno.OK, client.Bind(new Endpoint(IPAddress.AnyV4, 68)));
        var query = new byte[240 + 3 + 6 + 1];
        (query[0], query[1], query[2]) = (1, 1, 6);
        IPAddress.Parse(present).Write(query.AsSpan(12));
        BinaryPrimitives.WriteUInt32BigEndian(query.AsSpan(236), 0x63825363);
        (query[240], query[241], query[242], query[243], query[244]) = (53, 1, type, 54, 4);
        IPAddress.Parse(server).Write(query.AsSpan(245));
        query[^1] = 255;
        Assert.True(client.Send(query, new Endpoint(IPAddress.Parse("10.0.2.2"), 67), default).IsOk);
        site.Run();
        var reply = new byte[600];
        var got = client.Receive(reply, peek: false, out var about);
        Assert.Equal(given != "none", got.IsOk);
        if (got.IsOk)
        {
            Assert.Equal((5, "10.0.2.15"), (Options(reply)[53][0], about.Destination.ToString()));
            Assert.Equal(given == "" ? present : given, IPAddress.FromBytes(reply.AsSpan(16, 4)).ToString());
            Assert.Equal(given == "", Options(reply).ContainsKey(51));
        }
    }

    private static Dictionary<byte, byte[]> Options(byte[] message)
    {
        var found = new Dictionary<byte, byte[]>();
        for (var at = 240; message[at] != 255; at += 2 + message[at + 1])
        {
            found.Add(message[at], message[(at + 2)..(at + 2 + message[at + 1])]);
        }

        return found;
    }

    [Fact]
    public void An_interface_that_asks_for_routers_gets_an_address_and_a_way()
    {
        var site = new Site();
        var link = (EthernetInterface)site.Guest.FindInterface("eth0")!;
        link.IsAutoconfigured = true;
        site.Pass(5 * World.Second);
        Assert.Contains(link.Addresses, prefix => prefix.Address.ToString().StartsWith("fd64:7261:676f:0:", StringComparison.Ordinal));
        Assert.Equal(["fe80::2"], link.Autoconfiguration!.Routers.Select(router => router.ToString()));
    }
}
