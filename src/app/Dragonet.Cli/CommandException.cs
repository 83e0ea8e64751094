namespace Dragonet.Cli;

/// <summary>A command cannot go on: one line that says what was wrong and what to do.</summary>
internal sealed class CommandException(string message, int exitCode = CommandException.Ours) : Exception(message)
{
    /// <summary>The failure is ours, not the program's (docker run, env: 125).</summary>
    internal const int Ours = 125;

    /// <summary>The program cannot be executed.</summary>
    internal const int CannotExecute = 126;

    /// <summary>The program was not found.</summary>
    internal const int NotFound = 127;

    /// <summary>Somebody pressed ^C: 128 and SIGINT.</summary>
    internal const int Interrupted = 130;

    internal int ExitCode { get; } = exitCode;
}
