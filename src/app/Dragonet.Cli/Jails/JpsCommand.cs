using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet jps, ps: the processes of all jails, or of one.</summary>
internal static class JpsCommand
{
    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        var json = Rows.TakeJson(rest);
        var processes = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Processes, Jail = rest.FirstOrDefault() }).Checked().Processes ?? [];
        if (json)
        {
            Rows.Print([.. processes.Select(static process => new Dictionary<string, string>
            {
                ["pid"] = $"{process.Pid}", ["jail"] = process.Jail, ["command"] = process.Name,
            })], json);
            return 0;
        }

        Console.WriteLine("    PID JAIL             COMMAND");
        foreach (var process in processes)
        {
            Console.WriteLine($"{process.Pid,7} {process.Jail,-16} {process.Name}");
        }

        return 0;
    }
}
