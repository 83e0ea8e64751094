using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Channels;
using Iced.Intel;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>Which system-call sites become jumps, and that a site does the same afterwards.</summary>
public sealed class CodePatcherTests
{
    private const int Site = 0x40, End = 0x80;
    private const ulong Entry = 0x7000_1000;

    [Theory]
    [InlineData("")]                 // the system call follows at once
    [InlineData("488d3511223344")]   // lea rsi, [rip + 0x44332211]
    [InlineData("8b7c2408")]         // mov edi, [rsp + 8]
    [InlineData("4889de")]           // mov rsi, rbx
    [InlineData("31d2")]             // xor edx, edx
    [InlineData("ba20000000")]       // mov edx, 32
    public void A_site_becomes_a_jump_to_where_the_rest_of_it_and_the_number_are(string between)
    {
        var middle = Convert.FromHexString(between);
        var image = Make(middle);
        var before = image.ToArray();
        Assert.Equal(1, new CodePatcher(Entry).Patch(image, 0, End));

        // The rest of the site stays, for those who jump to it.
        Assert.Equal(before.AsSpan(Site + 5, middle.Length + 2), image.AsSpan(Site + 5, middle.Length + 2));
        var at = Follow(image, Site);
        if (middle.Length > 0)
        {
            var (original, copy) = (Decode(before, Site + 5), Decode(image, at));
            Assert.Equal(original.ToString(), copy.ToString()); // relative ones with their targets
            at += middle.Length;
        }

        var back = Decode(image, at);
        Assert.Equal((Mnemonic.Lea, Register.RCX, (ulong)(Site + 5 + middle.Length)), (back.Mnemonic, back.Op0Register, back.IPRelativeMemoryAddress));
        at = Follow(image, at + back.Length);
        var number = Decode(image, at);
        Assert.Equal((Mnemonic.Mov, Register.EAX, (uint)Nr.rt_sigprocmask), (number.Mnemonic, number.Op0Register, number.Immediate32));
        var leave = Decode(image, at + number.Length);
        Assert.Equal(Mnemonic.Jmp, leave.Mnemonic);
        Assert.Equal(Entry, BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan((int)leave.IPRelativeMemoryAddress)));
    }

    [Theory]
    [InlineData("89c7")]       // mov edi, eax: the number itself
    [InlineData("31c0")]       // xor eax, eax: another number
    [InlineData("8b39")]       // mov edi, [rcx]: a register that system calls use up
    [InlineData("8b3e")]       // mov edi, [rsi]: memory that need not be there
    [InlineData("7402")]       // je: goes elsewhere
    [InlineData("4154")]       // push r12
    [InlineData("31d231f6")]   // two instructions
    public void What_would_not_be_the_same_elsewhere_stays_as_it_is(string between)
    {
        var image = Make(Convert.FromHexString(between));
        var before = image.ToArray();
        Assert.Equal(0, new CodePatcher(Entry).Patch(image, 0, End));
        Assert.Equal(before, image);
    }

    private static byte[] Make(byte[] between)
    {
        var image = new byte[0x1000];
        image.AsSpan(0, End).Fill(0x90);
        image[Site] = 0xb8;
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(Site + 1), (int)Nr.rt_sigprocmask);
        between.CopyTo(image, Site + 5);
        image[Site + 5 + between.Length] = 0x0f;
        image[Site + 6 + between.Length] = 0x05;
        return image;
    }

    private static int Follow(byte[] image, int at)
    {
        var jump = Decode(image, at);
        Assert.Equal(Mnemonic.Jmp, jump.Mnemonic);
        return (int)jump.NearBranchTarget;
    }

    private static Instruction Decode(byte[] image, int at)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(image, at, Math.Min(16, image.Length - at)));
        decoder.IP = (ulong)at;
        return decoder.Decode();
    }
}
