using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/cpuinfo: a plain processor with the instruction sets that guests can really use.</summary>
internal static class CpuInfoText
{
    /// <summary>One block for each processor.</summary>
    internal static string Make(Kernel.ProcessorSet processors)
    {
        var flags = Flags();
        var text = new StringBuilder();
        foreach (var i in processors.Numbers)
        {
            _ = text.Append($"processor\t: {i}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Dragonet Virtual CPU\nstepping\t: 7\n")
                .Append($"microcode\t: 0x1\ncpu MHz\t\t: 2000.000\ncache size\t: 16384 KB\nphysical id\t: 0\nsiblings\t: {processors.Count}\ncore id\t\t: {i}\n")
                .Append($"cpu cores\t: {processors.Count}\napicid\t\t: {i}\ninitial apicid\t: {i}\nfpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 22\nwp\t\t: yes\n")
                .Append($"flags\t\t: {flags}\nbugs\t\t:\nbogomips\t: 4000.00\nclflush size\t: 64\ncache_alignment\t: 64\n")
                .Append("address sizes\t: 46 bits physical, 48 bits virtual\npower management:\n\n");
        }

        return text.ToString();
    }

    private static string Flags()
    {
        var text = new StringBuilder("fpu tsc cx8 cmov clflush mmx fxsr sse sse2 syscall nx lm constant_tsc rep_good nopl cpuid pni");
        foreach (var (supported, name) in (ReadOnlySpan<(bool, string)>)
        [
            (Pclmulqdq.IsSupported, "pclmulqdq"), (Ssse3.IsSupported, "ssse3"), (Fma.IsSupported, "fma"), (X86Base.X64.IsSupported, "cx16"),
            (Sse41.IsSupported, "sse4_1"), (Sse42.IsSupported, "sse4_2"), (Popcnt.IsSupported, "popcnt"), (Aes.IsSupported, "aes"),
            (Avx.IsSupported, "xsave"), (Avx.IsSupported, "avx"), (Avx2.IsSupported, "f16c"), (Lzcnt.IsSupported, "lahf_lm abm"),
            (Bmi1.IsSupported, "bmi1"), (Avx2.IsSupported, "avx2"), (Bmi2.IsSupported, "bmi2"), (Avx512F.IsSupported, "avx512f"),
            (Avx512DQ.IsSupported, "avx512dq"), (Avx512CD.IsSupported, "avx512cd"), (Avx512BW.IsSupported, "avx512bw"),
            (Avx512F.VL.IsSupported, "avx512vl"), (Avx512Vbmi.IsSupported, "avx512vbmi"),
        ])
        {
            if (supported)
            {
                _ = text.Append(' ').Append(name);
            }
        }

        return text.ToString();
    }
}
