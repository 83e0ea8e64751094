using System.Runtime.InteropServices;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>struct seccomp_notif_resp (linux/seccomp.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SeccompNotifResp
{
    public ulong Id;
    public long Value;
    public int Error;
    public uint Flags;
}
