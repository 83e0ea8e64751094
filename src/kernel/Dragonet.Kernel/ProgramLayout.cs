namespace Dragonet.Kernel;

/// <summary>Where exec put things.</summary>
public sealed record ProgramLayout
{
    /// <summary>Of a process that has no program yet.</summary>
    public static ProgramLayout Empty { get; } = new();

    public ulong ArgStart { get; init; }

    public ulong ArgEnd { get; init; }

    public ulong EnvStart { get; init; }

    public ulong EnvEnd { get; init; }

    public ulong CodeStart { get; init; }

    public ulong CodeEnd { get; init; }

    public ulong Entry { get; init; }

    /// <summary>The mapping of the main thread's stack.</summary>
    public ulong StackLow { get; init; }

    /// <summary>Lowest address of the stack that RLIMIT_STACK leaves accessible.</summary>
    public ulong StackFloor { get; init; }

    /// <summary>The program asked for a stack that can be executed.</summary>
    public bool ExecutableStack { get; init; }

    /// <summary>First address after the stack.</summary>
    public ulong StackHigh { get; init; }

    /// <summary>The stack pointer at the start.</summary>
    public ulong StackStart { get; init; }

    /// <summary>The auxiliary vector as it lies in memory.</summary>
    public IReadOnlyList<ulong> AuxiliaryVector { get; init; } = [];
}
