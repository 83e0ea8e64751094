using Dragonet.Abi;

namespace Dragonet.Linux;

/// <summary>
/// Makes a static method the handler of a system call. Its first parameter is the <see cref="Kernel.Task"/>; the others take the
/// guest's arguments in order, converted by their types: integers, enums, <see cref="Fd"/>, <see cref="UserPtr"/>, <see cref="UserString"/>.
/// The dispatch table, the strace text and docs/syscalls.md are generated from it.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SyscallAttribute(Nr number, Support support = Support.Full, string note = "") : Attribute
{
    /// <summary>The number.</summary>
    public Nr Number { get; } = number;

    /// <summary>How much of it works.</summary>
    public Support Support { get; } = support;

    /// <summary>What is missing, for docs/syscalls.md.</summary>
    public string Note { get; } = note;
}
