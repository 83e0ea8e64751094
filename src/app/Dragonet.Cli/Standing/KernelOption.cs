using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>Which kernel a command is about: -K NAME before everything else, the variable DRAGONET_KERNEL, or the default one.</summary>
internal static class KernelOption
{
    /// <summary>The kernel, and the rest of the arguments.</summary>
    internal static (string Kernel, List<string> Words) Take(ReadOnlySpan<string> arguments)
    {
        var kernel = Environment.GetEnvironmentVariable("DRAGONET_KERNEL") is { Length: > 0 } name ? name : ControlPaths.DefaultName;
        if (arguments.Length > 1 && arguments[0] is "-K" or "--kernel")
        {
            kernel = arguments[1];
            arguments = arguments[2..];
        }

        return (kernel, [.. arguments]);
    }

    /// <summary>The answer, when it is no failure.</summary>
    internal static ControlReply Checked(this ControlReply reply)
        => reply.Error is { } error ? throw new CommandException(error, reply.ExitCode == 0 ? 1 : reply.ExitCode) : reply;
}
