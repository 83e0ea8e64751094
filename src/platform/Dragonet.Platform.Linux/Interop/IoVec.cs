using System.Runtime.InteropServices;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct IoVec(ulong address, ulong length)
{
    public readonly ulong Address = address;
    public readonly ulong Length = length;
}
