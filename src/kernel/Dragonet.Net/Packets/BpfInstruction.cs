using System.Runtime.InteropServices;

namespace Dragonet.Net;

/// <summary>struct sock_filter (linux/filter.h): one instruction of the classic Berkeley Packet Filter.</summary>
/// <param name="Code">What to do.</param>
/// <param name="JumpTrue">Instructions to skip when a comparison is true.</param>
/// <param name="JumpFalse">And when not.</param>
/// <param name="K">A number.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct BpfInstruction(ushort Code, byte JumpTrue, byte JumpFalse, uint K);
