namespace Dragonet.Linux;

/// <summary>How a trace shows one argument.</summary>
internal sealed record SyscallArgument(string Name, ArgumentKind Kind, Func<ulong, string>? Format = null);
