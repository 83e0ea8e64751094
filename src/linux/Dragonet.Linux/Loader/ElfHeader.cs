using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;

namespace Dragonet.Linux.Loader;

/// <summary>The ELF header and program headers of an x86-64 program (elf(5)). Everything in the file is hostile until checked here.</summary>
internal sealed class ElfHeader
{
    /// <summary>Bytes of the ELF header.</summary>
    internal const int HeaderSize = 64;

    private const int ProgramHeaderSize = 56;

    private ElfHeader(bool isDynamic, ulong entry, ulong phOffset, List<ElfSegment> segments, ElfSegment? interpreter, bool execStack)
    {
        IsPositionIndependent = isDynamic;
        Entry = entry;
        ProgramHeaderOffset = phOffset;
        Segments = segments;
        Interpreter = interpreter;
        ExecutableStack = execStack;
    }

    /// <summary>ET_DYN: may lie anywhere.</summary>
    internal bool IsPositionIndependent { get; }

    internal ulong Entry { get; }

    internal ulong ProgramHeaderOffset { get; }

    internal int ProgramHeaderCount { get; private init; }

    /// <summary>PT_LOAD segments in the order of the file, where a later one covers an earlier one.</summary>
    internal List<ElfSegment> Segments { get; }

    /// <summary>PT_INTERP, or null.</summary>
    internal ElfSegment? Interpreter { get; }

    /// <summary>PT_GNU_STACK asks for an executable stack.</summary>
    internal bool ExecutableStack { get; }

    internal ulong Low => Segments.Min(segment => segment.Address) & ~0xfffUL;

    internal ulong High => (Segments.Max(segment => segment.Address + segment.MemorySize) + 0xfff) & ~0xfffUL;

    /// <summary>True when the file begins like an ELF file.</summary>
    internal static bool HasMagic(ReadOnlySpan<byte> head) => head.Length >= 4 && head[..4].SequenceEqual("\u007fELF"u8);

    /// <summary>Parses and checks. ENOEXEC for what is no program for this machine.</summary>
    /// <param name="head">The first bytes of the file.</param>
    /// <param name="readAt">Reads more of it: the number of bytes read.</param>
    internal static Result<ElfHeader> Parse(ReadOnlySpan<byte> head, Func<long, byte[], int> readAt)
    {
        // The class and the byte order are not looked at: the machine decides (fs/binfmt_elf.c, elf_check_arch).
        if (head.Length < HeaderSize || !HasMagic(head))
        {
            return Errno.ENOEXEC;
        }

        var type = BinaryPrimitives.ReadUInt16LittleEndian(head[16..]);
        var machine = BinaryPrimitives.ReadUInt16LittleEndian(head[18..]);
        var entry = BinaryPrimitives.ReadUInt64LittleEndian(head[24..]);
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(head[32..]);
        var size = BinaryPrimitives.ReadUInt16LittleEndian(head[54..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(head[56..]);
        if (type is not (2 or 3) || machine != 62 || size != ProgramHeaderSize || count is 0 or > 1170 || offset > long.MaxValue - 65536)
        {
            return Errno.ENOEXEC; // ELF_MIN_ALIGN / sizeof(Elf64_Phdr) bounds the table to 64 KiB
        }

        var table = new byte[count * ProgramHeaderSize];
        if (readAt((long)offset, table) != table.Length)
        {
            return Errno.ENOEXEC;
        }

        var segments = new List<ElfSegment>();
        ElfSegment? interpreter = null;
        var execStack = false;
        for (var i = 0; i < count; i++)
        {
            var row = table.AsSpan(i * ProgramHeaderSize);
            var kind = BinaryPrimitives.ReadUInt32LittleEndian(row);
            var segment = ElfSegment.Read(row);
            switch (kind)
            {
                case 1 when segment.MemorySize != 0 || segment.FileSize != 0:
                    if (!segment.IsSane(AddressSpace.End))
                    {
                        return Errno.ENOEXEC;
                    }

                    segments.Add(segment);
                    break;
                case 3:
                    interpreter ??= segment;
                    break;
                case 0x6474e551:
                    execStack = (segment.Flags & 1) != 0;
                    break;
                default:
                    break;
            }
        }

        if (segments.Count == 0)
        {
            return Errno.ENOEXEC;
        }

        return new ElfHeader(type == 3, entry, offset, segments, interpreter, execStack) { ProgramHeaderCount = count };
    }
}
