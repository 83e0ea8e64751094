using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet jps, ps: the processes of all jails, or of one.</summary>
internal static class JpsCommand
{
    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        var processes = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Processes, Jail = rest.FirstOrDefault() }).Checked().Processes ?? [];
        Console.WriteLine("    PID JAIL             COMMAND");
        foreach (var process in processes)
        {
            Console.WriteLine($"{process.Pid,7} {process.Jail,-16} {process.Name}");
        }

        return 0;
    }
}
