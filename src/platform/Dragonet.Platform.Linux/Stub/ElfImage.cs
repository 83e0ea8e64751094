using System.Buffers.Binary;

namespace Dragonet.Platform.Linux.Stub;

/// <summary>The headers of an ELF file that is made in memory: static, for fixed addresses.</summary>
internal static class ElfImage
{
    /// <summary>Writes them into the file's first page.</summary>
    /// <param name="file">The file.</param>
    /// <param name="entry">Where it starts.</param>
    /// <param name="code">Offset, address and size of its code.</param>
    /// <param name="data">The same of its data.</param>
    internal static void WriteHeaders(byte[] file, ulong entry, (ulong Offset, ulong Address, ulong Size) code, (ulong Offset, ulong Address, ulong Size) data)
    {
        ReadOnlySpan<byte> ident = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0];
        ident.CopyTo(file);
        Put16(file, 16, 2);           // ET_EXEC
        Put16(file, 18, 62);          // EM_X86_64
        Put32(file, 20, 1);
        Put64(file, 24, entry);
        Put64(file, 32, 64);          // e_phoff
        Put16(file, 52, 64);          // e_ehsize
        Put16(file, 54, 56);          // e_phentsize
        Put16(file, 56, 3);           // e_phnum
        Segment(file, 64, flags: 5, code);
        Segment(file, 120, flags: 6, data);

        // PT_GNU_STACK without X: a missing header would make every mapping of the process executable (READ_IMPLIES_EXEC).
        Put32(file, 176, 0x6474e551);
        Put32(file, 180, 6);
    }

    private static void Segment(byte[] file, int at, uint flags, (ulong Offset, ulong Address, ulong Size) what)
    {
        Put32(file, at, 1);           // PT_LOAD
        Put32(file, at + 4, flags);
        Put64(file, at + 8, what.Offset);
        Put64(file, at + 16, what.Address);
        Put64(file, at + 24, what.Address);
        Put64(file, at + 32, what.Size);
        Put64(file, at + 40, what.Size);
        Put64(file, at + 48, 0x1000);
    }

    private static void Put16(Span<byte> target, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(target[at..], value);

    private static void Put32(Span<byte> target, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(target[at..], value);

    private static void Put64(Span<byte> target, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(target[at..], value);
}
