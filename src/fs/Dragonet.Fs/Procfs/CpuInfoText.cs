using System.Runtime.Intrinsics.X86;
using System.Text;
using Dragonet.Fs.Processors;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/cpuinfo: the processor as it calls itself, with the instruction sets that guests can really use.</summary>
internal static class CpuInfoText
{
    /// <summary>One block for each processor.</summary>
    internal static string Make(Kernel.ProcessorSet processors)
    {
        var flags = Flags();
        var (family, model, stepping) = CpuId.Version;
        var (physical, @virtual) = CpuId.AddressBits;
        var cache = CpuId.Caches.Count == 0 ? 0 : CpuId.Caches[^1].Size;
        var text = new StringBuilder();
        foreach (var i in processors.Numbers)
        {
            _ = text.Append($"processor\t: {i}\nvendor_id\t: {CpuId.Vendor}\ncpu family\t: {family}\nmodel\t\t: {model}\nmodel name\t: {CpuId.Name}\n")
                .Append($"stepping\t: {stepping}\n").Append(CpuId.Megahertz == 0 ? "" : $"cpu MHz\t\t: {CpuId.Megahertz}.000\n")
                .Append(cache == 0 ? "" : $"cache size\t: {cache / 1024} KB\n").Append($"physical id\t: 0\nsiblings\t: {processors.Count}\ncore id\t\t: {i}\n")
                .Append($"cpu cores\t: {processors.Count}\napicid\t\t: {i}\ninitial apicid\t: {i}\nfpu\t\t: yes\nfpu_exception\t: yes\n")
                .Append($"cpuid level\t: {CpuId.Level}\nwp\t\t: yes\nflags\t\t: {flags}\nbugs\t\t:\nclflush size\t: 64\ncache_alignment\t: 64\n")
                .Append($"address sizes\t: {physical} bits physical, {@virtual} bits virtual\npower management:\n\n");
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
