using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet lsof: the open files of all jails, or of one.</summary>
internal static class LsofCommand
{
    private static readonly string[] s_columns = ["command", "pid", "jail", "user", "fd", "type", "size", "name"];

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        var json = Rows.TakeJson(rest);
        var text = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Files, Jail = rest.FirstOrDefault() }).Checked().Text ?? "";
        if (json)
        {
            Rows.Print([.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split('\t')).Where(static words => words.Length == s_columns.Length)
                .Select(static words => s_columns.Zip(words).ToDictionary(static pair => pair.First, static pair => pair.Second))], json);
            return 0;
        }

        Console.WriteLine("COMMAND             PID JAIL             USER   FD TYPE         SIZE NAME");
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split('\t') is [var command, var pid, var jail, var user, var descriptor, var type, var size, var name])
            {
                Console.WriteLine($"{command,-15} {pid,7} {jail,-12} {user,8} {descriptor,4} {type,-7} {(size == "0" ? "" : size),9} {name}");
            }
        }

        return 0;
    }
}
