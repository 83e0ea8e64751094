using Dragonet.Base;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>One system call.</summary>
internal sealed class SyscallEntry(string name, Support support, string note, SyscallEntry.Thunk run, SyscallArgument[] arguments)
{
    /// <summary>Converts the registers and calls the handler.</summary>
    internal delegate SysResult Thunk(Task task, in SystemCall call);

    internal string Name { get; } = name;

    internal Support Support { get; } = support;

    internal string Note { get; } = note;

    internal Thunk Run { get; } = run;

    internal SyscallArgument[] Arguments { get; } = arguments;
}
