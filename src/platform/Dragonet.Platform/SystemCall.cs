namespace Dragonet.Platform;

/// <summary>A system call as the guest made it.</summary>
/// <param name="Number">The number (rax).</param>
/// <param name="A0">rdi.</param>
/// <param name="A1">rsi.</param>
/// <param name="A2">rdx.</param>
/// <param name="A3">r10.</param>
/// <param name="A4">r8.</param>
/// <param name="A5">r9.</param>
/// <param name="InstructionPointer">The address after the instruction.</param>
public readonly record struct SystemCall(int Number, ulong A0, ulong A1, ulong A2, ulong A3, ulong A4, ulong A5, ulong InstructionPointer);
