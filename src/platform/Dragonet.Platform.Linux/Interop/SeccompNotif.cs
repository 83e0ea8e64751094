using System.Runtime.InteropServices;

namespace Dragonet.Platform.Linux.Interop;

/// <summary>struct seccomp_notif with its struct seccomp_data (linux/seccomp.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SeccompNotif
{
    public ulong Id;
    public uint Pid;
    public uint Flags;
    public int Number;
    public uint Arch;
    public ulong InstructionPointer;
    public ulong A0;
    public ulong A1;
    public ulong A2;
    public ulong A3;
    public ulong A4;
    public ulong A5;
}
