using System.Buffers.Binary;
using System.Text;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>What the host told the zygote (getauxval(3)).</summary>
internal static class AuxiliaryVector
{
    /// <summary>AT_SYSINFO_EHDR, AT_HWCAP, AT_HWCAP2 and AT_MINSIGSTKSZ.</summary>
    internal static (ulong Vdso, (ulong, ulong) Capabilities, ulong MinimumSignalStack) Read(int pid)
    {
        ReadOnlySpan<byte> bytes = Encoding.Latin1.GetBytes(ProcFile.Read(pid, "auxv"));
        ulong vdso = 0, first = 0, second = 0, stack = 2048;
        for (; bytes.Length >= 16; bytes = bytes[16..])
        {
            var value = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
            switch (BinaryPrimitives.ReadUInt64LittleEndian(bytes))
            {
                case 16: first = value; break;
                case 26: second = value; break;
                case 33: vdso = value; break;
                case 51: stack = value; break;
                default: break;
            }
        }

        return (vdso, (first, second), stack);
    }
}
