using Xunit;

namespace Dragonet.Net.Tests;

/// <summary>The Internet checksum against known answers.</summary>
public sealed class ChecksumTests
{
    [Theory]
    [InlineData("0001f203f4f5f6f7", 0x220d)]                             // RFC 1071, section 3: the sum is ddf2
    [InlineData("45000073000040004011" + "0000" + "c0a80001c0a800c7", 0xb861)] // a common IPv4 header
    [InlineData("", 0xffff)]
    [InlineData("ff", 0x00ff)]
    [InlineData("ffffffffffffffffffffffffffffffffffff", 0)]
    public void Known_answers(string bytes, int expected) => Assert.Equal(expected, InternetChecksum.Of(Convert.FromHexString(bytes)));

    [Fact]
    public void Every_length_and_alignment_equals_the_plain_sum()
    {
        var bytes = new byte[200];
        new Random(1).NextBytes(bytes);
        for (var start = 0; start < 9; start++)
        {
            for (var length = 0; length < 190; length++)
            {
                var part = bytes.AsSpan(start, length);
                var sum = 0u;
                for (var i = 0; i < length; i++)
                {
                    sum += (uint)part[i] << (i % 2 == 0 ? 8 : 0);
                }

                while (sum >> 16 != 0)
                {
                    sum = (sum & 0xffff) + (sum >> 16);
                }

                Assert.Equal((ushort)~sum, InternetChecksum.Of(part));
            }
        }
    }

    [Fact]
    public void A_udp_datagram_carries_its_checksum()
    {
        var datagram = new byte[13];
        "hello"u8.CopyTo(datagram.AsSpan(8));
        var (from, to) = (World.EndpointA(1000), World.EndpointB(53));
        UdpDatagram.Write(datagram, from, to);
        Assert.True(UdpDatagram.TryParse(datagram, out var view));
        Assert.True(view.IsChecksumValid(from.Address, to.Address));
        Assert.False(view.IsChecksumValid(from.Address, from.Address));
    }
}
