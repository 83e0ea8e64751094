using System.Buffers.Binary;
using Dragonet.Platform.Linux.Stub;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

public sealed class BpfProgramTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(19)]
    [InlineData(170)] // some of the jumps go further than a byte says
    [InlineData(400)]
    public void A_search_finds_each_case_and_nothing_else(int count)
    {
        var random = new Random(count);
        var cases = Enumerable.Range(0, 1000).Select(static n => (uint)n).OrderBy(_ => random.Next()).Take(count).ToArray();
        var program = new BpfProgram().Load(0).Search([.. cases.Select(static value => new BpfCase(value, $"to {value % 3}"))]).Return(99);
        for (uint i = 0; i < 3; i++)
        {
            _ = program.Label($"to {i}").Return(i);
        }

        var code = program.ToArray();
        for (uint number = 0; number <= 1000; number++)
        {
            Assert.Equal(cases.Contains(number) ? number % 3 : 99, Execute(code, number));
        }
    }

    [Theory]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(1000)]
    public void A_jump_reaches_over_as_many_instructions_as_there_are(int between)
    {
        foreach (var (value, expected) in new (uint, uint)[] { (7, 1), (8, 2), (100, 2), (6, 3) })
        {
            var program = new BpfProgram().Load(0).IfEqual(7, "is 7").IfAtLeast(8, "is more").IfNotEqual(7, "is less").Return(0);
            for (var i = 0; i < between; i++)
            {
                _ = program.Load(0);
            }

            Assert.Equal(expected, Execute(program.Label("is 7").Return(1).Label("is more").Return(2).Label("is less").Return(3).ToArray(), value));
        }
    }

    [Fact]
    public void A_jump_back_is_refused()
    {
        var program = new BpfProgram().Label("start").Load(0).IfEqual(1, "start").Return(0);
        Assert.Contains("start", Assert.Throws<InvalidOperationException>(program.ToArray).Message, StringComparison.Ordinal);
    }

    /// <summary>What the program answers when A is loaded with a number (Documentation/networking/filter.rst of Linux).</summary>
    private static uint Execute(byte[] code, uint number)
    {
        uint a = 0;
        for (var at = 0; ; at++)
        {
            var one = code.AsSpan(at * 8, 8);
            var k = BinaryPrimitives.ReadUInt32LittleEndian(one[4..]);
            switch (BinaryPrimitives.ReadUInt16LittleEndian(one))
            {
                case 0x20: // ld
                    a = number;
                    break;
                case 0x05: // ja
                    at += (int)k;
                    break;
                case 0x15: // jeq
                    at += a == k ? one[2] : one[3];
                    break;
                case 0x35: // jge
                    at += a >= k ? one[2] : one[3];
                    break;
                case 0x06: // ret
                    return k;
                default:
                    throw new InvalidOperationException("not one that these programs have");
            }
        }
    }
}
