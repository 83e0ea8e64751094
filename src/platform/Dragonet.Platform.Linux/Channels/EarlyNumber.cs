using System.Buffers.Binary;
using Iced.Intel;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// System-call sites where one more instruction stands between <c>mov eax, number</c> and <c>syscall</c>: compilers put there what loads the last
/// argument. It must be one that does the same in another place and has nothing to do with the registers that a system call uses up.
/// </summary>
internal static class EarlyNumber
{
    private const int MovSize = 5;
    private const int Shortest = 2, Longest = 9;

    /// <summary>Looks before a system-call instruction.</summary>
    /// <param name="code">An executable segment.</param>
    /// <param name="start">Its first byte.</param>
    /// <param name="at">Where the system-call instruction is.</param>
    /// <param name="between">Bytes of the instruction in between.</param>
    /// <param name="number">Of the call; below <see cref="ChannelCalls.TableSize"/>.</param>
    internal static bool Find(ReadOnlySpan<byte> code, int start, int at, out int between, out int number)
    {
        for (between = Shortest; between <= Longest && at - between - MovSize > start; between++)
        {
            var first = at - between;
            var value = BinaryPrimitives.ReadUInt32LittleEndian(code[(first - 4)..]);
            if (code[first - MovSize] == 0xb8 && value < ChannelCalls.TableSize && CanMove(code.Slice(first, between)))
            {
                number = (int)value;
                return true;
            }
        }

        number = 0;
        return false;
    }

    /// <summary>Copies the instruction, of which <see cref="Find"/> found it can be.</summary>
    internal static void Copy(Span<byte> image, int from, int to, int length)
    {
        if (length == 0)
        {
            return;
        }

        image.Slice(from, length).CopyTo(image[to..]);
        var (instruction, displacement) = Decode(image.Slice(from, length));
        if (instruction.IsIPRelativeMemoryOperand)
        {
            var target = BinaryPrimitives.ReadInt32LittleEndian(image[(from + displacement)..]) + from;
            BinaryPrimitives.WriteInt32LittleEndian(image[(to + displacement)..], target - to);
        }
    }

    /// <summary>The first use of a decoder builds its tables, which takes milliseconds.</summary>
    internal static void Prepare() => _ = Decode([0x90]);

    private static bool CanMove(ReadOnlySpan<byte> bytes)
    {
        var (instruction, _) = Decode(bytes);
        if (instruction.Length != bytes.Length || instruction.OpCount != 2 || instruction.Op0Kind != OpKind.Register
            || instruction.Mnemonic is not (Mnemonic.Mov or Mnemonic.Lea or Mnemonic.Xor))
        {
            return false;
        }

        // Memory is the stack only: what cannot be read would show another place.
        var isRead = instruction.Op1Kind == OpKind.Memory && instruction.Mnemonic != Mnemonic.Lea;
        return IsFree(instruction.Op0Register) && (instruction.Op1Kind != OpKind.Register || IsFree(instruction.Op1Register))
            && IsFree(instruction.MemoryBase) && IsFree(instruction.MemoryIndex) && instruction.SegmentPrefix == Register.None
            && (!isRead || instruction.MemoryBase is Register.RSP or Register.RBP);
    }

    /// <summary>Not one that holds the number, or that the channel uses.</summary>
    private static bool IsFree(Register register)
        => register.GetFullRegister() is not (Register.RAX or Register.RCX or Register.R11) && !register.IsSegmentRegister();

    private static (Instruction Instruction, int Displacement) Decode(ReadOnlySpan<byte> bytes)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(bytes.ToArray()));
        var instruction = decoder.Decode();
        return (instruction, decoder.GetConstantOffsets(instruction).DisplacementOffset);
    }
}
