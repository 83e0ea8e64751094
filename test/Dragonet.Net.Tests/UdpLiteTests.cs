using Dragonet.Abi;
using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>UDP-Lite (RFC 3828): what the checksum does not cover may be wrong.</summary>
public sealed class UdpLiteTests
{
    private readonly World _world = new();
    private readonly UdpSocket _server;
    private readonly UdpSocket _client;
    private readonly bool _isV6;

    public UdpLiteTests()
        : this(isV6: false)
    {
    }

    private UdpLiteTests(bool isV6)
    {
        _isV6 = isV6;
        (_server, _client) = (_world.B.CreateUdpLite(isV6), _world.A.CreateUdpLite(isV6));
        Assert.Equal(Errno.OK, _server.Bind(World.EndpointB(7, isV6)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Both_families_and_no_word_with_udp(bool isV6)
    {
        var test = new UdpLiteTests(isV6);
        Assert.Equal("hello", test.Say("hello"));
        _ = test._world.B.CreateUdp(isV6).Bind(World.EndpointB(8, isV6));
        Assert.Equal(Errno.OK, test._client.Connect(World.EndpointB(8, isV6)));
        Assert.True(test._client.Send("x"u8, null).IsOk);
        test._world.Pass(World.Second);
        Assert.Equal(Errno.ECONNREFUSED, test._client.TakeError()); // the ports are not UDP's
    }

    [Theory]
    [InlineData(12, 5, true)]   // behind what is covered
    [InlineData(12, 3, false)]  // in it
    [InlineData(0, 9, false)]   // everything is covered
    [InlineData(null, 9, false)]
    [InlineData(500, 9, false)]
    public void Damage_counts_where_it_is_covered(int? coverage, int damagedByte, bool arrives)
    {
        _client.SendCoverage = coverage;
        _world.Tap = (to, packet) =>
        {
            packet[20 + 8 + damagedByte] ^= 4;
            return true;
        };
        var heard = Say("0123456789");
        Assert.Equal(arrives, heard is not null);
        Assert.Equal(arrives ? 0 : 1, _world.B.Counters.UdpInErrors);
    }

    [Theory]
    [InlineData(12, null, true)]
    [InlineData(12, 12, true)]
    [InlineData(12, 13, false)]
    [InlineData(12, 0, false)]  // it wants everything
    [InlineData(null, 0, true)]
    [InlineData(null, 400, true)] // what is covered as a whole is enough
    public void A_receiver_may_want_more_to_be_covered(int? sent, int? wanted, bool arrives)
    {
        (_client.SendCoverage, _server.ReceiveCoverage) = (sent, wanted);
        Assert.Equal(arrives ? "0123456789" : null, Say("0123456789"));
    }

    [Theory]
    [InlineData(4, 0)]   // a coverage less than the header
    [InlineData(4, 200)] // more than there is
    public void A_coverage_that_cannot_be_is_dropped(int at, int value)
    {
        _world.Tap = (to, packet) =>
        {
            (packet[20 + at], packet[20 + at + 1]) = ((byte)value, 7);
            return true;
        };
        Assert.Null(Say("0123456789"));
    }

    [Fact]
    public void There_is_always_a_checksum()
    {
        _world.Tap = (to, packet) =>
        {
            packet[20 + 6] = packet[20 + 7] = 0;
            return true;
        };
        Assert.Null(Say("x"));
    }

    private string? Say(string text)
    {
        Assert.True(_client.Send(System.Text.Encoding.ASCII.GetBytes(text), World.EndpointB(7, _isV6)).IsOk);
        _world.Pass(World.Second);
        var buffer = new byte[100];
        return _server.Receive(buffer, peek: false, out _).Ok(out var count) ? System.Text.Encoding.ASCII.GetString(buffer, 0, count) : null;
    }
}
