using System.Buffers.Binary;

namespace Dragonet.Platform.InProcess;

/// <summary>
/// The machine code of this platform: one instruction, "run the delegate with this number". It can lie anywhere in guest memory, so
/// programs, signal handlers and exec need no special case in a kernel.
/// </summary>
internal static class ProgramImage
{
    /// <summary>Bytes of the instruction.</summary>
    internal const int Length = 16;

    private const ulong Address = 0x40_0000;
    private const int HeaderSize = 64 + 56;

    private static ReadOnlySpan<byte> Magic => "C# code\0"u8;

    /// <summary>The instruction.</summary>
    internal static byte[] Code(int number)
    {
        var code = new byte[Length];
        Magic.CopyTo(code);
        BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(8), number);
        return code;
    }

    /// <summary>The number in an instruction, or null when it is none.</summary>
    internal static int? Number(ReadOnlySpan<byte> code)
        => code[..8].SequenceEqual(Magic) ? (int)BinaryPrimitives.ReadInt64LittleEndian(code[8..]) : null;

    /// <summary>A file that exec takes: the smallest ELF program (elf(5)), with the instruction as its only code.</summary>
    internal static byte[] File(int number)
    {
        var file = new byte[HeaderSize + Length];
        ReadOnlySpan<byte> ident = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        ident.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(16), 2);                           // ET_EXEC
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(18), 62);                          // EM_X86_64
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(24), Address + HeaderSize);        // the entry point
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(32), 64);                          // program headers
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(52), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(56), 1);
        var segment = file.AsSpan(64);
        BinaryPrimitives.WriteUInt32LittleEndian(segment, 1);                                   // PT_LOAD
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], 5);                              // PF_R | PF_X
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], Address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[24..], Address);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[48..], 4096);
        Code(number).CopyTo(file, HeaderSize);
        return file;
    }
}
