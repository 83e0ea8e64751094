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
        Assert.Equal(((ulong?)(uint)Nr.rt_sigprocmask, Entry), Run(image, at + back.Length));
    }

    [Fact]
    public void Little_room_is_enough_for_many_sites()
    {
        // Sites of three numbers in turns, and read(2), which takes its comparison along.
        const int count = 30, distance = 0x20, end = count * distance;
        var image = new byte[0x1000];
        image.AsSpan(0, end).Fill(0x90);
        Nr[] numbers = [Nr.close, Nr.lseek, Nr.rt_sigprocmask];
        for (var i = 0; i < count; i++)
        {
            var site = image.AsSpan(i * distance);
            if (i % 10 == 9)
            {
                Convert.FromHexString("31c00f05483d00f0ffff").CopyTo(site); // xor eax, eax; syscall; cmp rax, -4096
                continue;
            }

            site[5] = 0xb8;
            BinaryPrimitives.WriteInt32LittleEndian(site[6..], (int)numbers[i % 3]);
            Syscall.CopyTo(site[10..]);
        }

        const int room = 8 + (27 * 9) + (3 * 22) + (4 * 13);
        var patched = image[..(end + room)];
        Assert.Equal(count, new CodePatcher(Entry).Patch(patched, 0, end));
        for (var i = 0; i < count; i++)
        {
            var isRead = i % 10 == 9;
            var site = (i * distance) + (isRead ? 0 : 5);
            var at = Follow(patched, site);
            var back = Decode(patched, at);
            var again = (int)back.IPRelativeMemoryAddress;
            Assert.Equal((Mnemonic.Lea, Register.RCX), (back.Mnemonic, back.Op0Register));
            Assert.Equal(Mnemonic.Syscall, Decode(patched, again).Mnemonic);
            if (isRead)
            {
                var compare = Decode(patched, again + 2);
                Assert.Equal((Mnemonic.Cmp, 0xfffff000), (compare.Mnemonic, compare.Immediate32));
                Assert.Equal(site + 10, Follow(patched, again + 2 + compare.Length));
            }
            else
            {
                Assert.Equal(site + 5, again);
            }

            Assert.Equal(((ulong?)(isRead ? 0 : (uint)numbers[i % 3]), Entry), Run(patched, at + back.Length));
        }

        // What there is no room for stays as it is.
        var less = image[..(end + room - 40)];
        Assert.InRange(new CodePatcher(Entry).Patch(less, 0, end), count - 5, count - 1);
        Assert.Contains(Enumerable.Range(0, count), i => less.AsSpan(i * distance, distance).SequenceEqual(image.AsSpan(i * distance, distance)));
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

    private static ReadOnlySpan<byte> Syscall => [0x0f, 0x05];

    /// <summary>Jumps, and at most one number, until the program leaves the segment.</summary>
    private static (ulong? Number, ulong Target) Run(byte[] image, int at)
    {
        ulong? number = null;
        while (true)
        {
            var instruction = Decode(image, at);
            if (instruction.Mnemonic == Mnemonic.Mov)
            {
                Assert.Equal((Register.EAX, null), (instruction.Op0Register, number));
                number = instruction.Immediate32;
                at += instruction.Length;
                continue;
            }

            Assert.Equal(Mnemonic.Jmp, instruction.Mnemonic);
            if (instruction.Op0Kind == OpKind.Memory)
            {
                return (number, BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan((int)instruction.IPRelativeMemoryAddress)));
            }

            at = (int)instruction.NearBranchTarget;
        }
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
