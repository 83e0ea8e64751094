using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Dragonet.Fs.Processors;

/// <summary>What the processor says of itself: guests can ask it, too (cpuid is not privileged), so the files say the same. Leaves are
/// those of AMD's "Architecture Programmer's Manual" volume 3, appendix E, and Intel's "Software Developer's Manual" volume 2, CPUID.</summary>
internal static class CpuId
{
    private const int Extended = unchecked((int)0x8000_0000);

    /// <summary>"GenuineIntel", "AuthenticAMD" ...</summary>
    internal static string Vendor { get; } = Text([Leaf(0).Ebx, Leaf(0).Edx, Leaf(0).Ecx]);

    /// <summary>The name that the maker gave it, or "unknown".</summary>
    internal static string Name { get; } = ReadName();

    /// <summary>The highest basic leaf.</summary>
    internal static int Level { get; } = Leaf(0).Eax;

    /// <summary>Family, model and stepping as /proc/cpuinfo shows them.</summary>
    internal static (int Family, int Model, int Stepping) Version { get; } = ReadVersion(Leaf(1).Eax);

    /// <summary>Megahertz: the base frequency that the processor names, or 0.</summary>
    internal static int Megahertz { get; } = Level >= 0x16 ? Leaf(0x16).Eax & 0xffff : 0;

    /// <summary>Physical and virtual address bits.</summary>
    internal static (int Physical, int Virtual) AddressBits { get; } = (Leaf(Extended + 8).Eax & 0xff, (Leaf(Extended + 8).Eax >> 8) & 0xff);

    /// <summary>The caches of one processor, the smallest first; empty when it does not tell.</summary>
    internal static IReadOnlyList<CpuCache> Caches { get; } = ReadCaches();

    private static (int Eax, int Ebx, int Ecx, int Edx) Leaf(int number, int part = 0)
        => X86Base.IsSupported && Has(number) ? X86Base.CpuId(number, part) : default;

    private static bool Has(int number) => unchecked((uint)X86Base.CpuId(number & Extended, 0).Eax >= (uint)number);

    private static (int Family, int Model, int Stepping) ReadVersion(int signature)
    {
        var (family, model) = ((signature >> 8) & 15, (signature >> 4) & 15);
        model |= family is 6 or 15 ? (signature >> 12) & 0xf0 : 0;
        return (family == 15 ? 15 + ((signature >> 20) & 0xff) : family, model, signature & 15);
    }

    private static string ReadName()
    {
        var words = new List<int>();
        for (var i = 2; i <= 4; i++)
        {
            var (eax, ebx, ecx, edx) = Leaf(Extended + i);
            words.AddRange([eax, ebx, ecx, edx]);
        }

        var name = Text([.. words]).Trim();
        return name.Length == 0 ? "unknown" : name;
    }

    private static List<CpuCache> ReadCaches()
    {
        var caches = new List<CpuCache>();
        var leaf = Vendor is "AuthenticAMD" or "HygonGenuine" ? Extended + 0x1d : 4;
        for (var i = 0; i < 8; i++)
        {
            var (eax, ebx, ecx, _) = Leaf(leaf, i);
            var kind = (eax & 31) switch { 1 => "Data", 2 => "Instruction", 3 => "Unified", _ => null };
            if (kind is null)
            {
                break;
            }

            caches.Add(new CpuCache((eax >> 5) & 7, kind, (ebx & 0xfff) + 1, ((ebx >> 12) & 0x3ff) + 1, ((ebx >> 22) & 0x3ff) + 1, ecx + 1L,
                ((eax >> 14) & 0xfff) + 1));
        }

        return caches;
    }

    private static string Text(int[] words) => Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>(words)).TrimEnd('\0');
}
