using System.Buffers.Binary;
using Dragonet.Platform;

namespace Dragonet.Linux.Loader;

/// <summary>One program header (Elf64_Phdr).</summary>
internal readonly record struct ElfSegment(uint Flags, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize)
{
    internal VmProt Protection => ((Flags & 4) != 0 ? VmProt.Read : 0) | ((Flags & 2) != 0 ? VmProt.Write : 0) | ((Flags & 1) != 0 ? VmProt.Exec : 0);

    internal static ElfSegment Read(ReadOnlySpan<byte> row) => new(
        BinaryPrimitives.ReadUInt32LittleEndian(row[4..]),
        BinaryPrimitives.ReadUInt64LittleEndian(row[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(row[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(row[32..]),
        BinaryPrimitives.ReadUInt64LittleEndian(row[40..]));

    /// <summary>No overflow, inside the user's half, offset and address congruent modulo the page size.</summary>
    internal bool IsSane(ulong limit)
        => MemorySize >= FileSize && MemorySize <= limit && Address <= limit - MemorySize
            && Offset <= long.MaxValue - 0x1000 && FileSize <= long.MaxValue - 0x1000 - Offset && ((Offset ^ Address) & 0xfff) == 0;
}
