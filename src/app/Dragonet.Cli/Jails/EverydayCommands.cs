using System.Globalization;
using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>Short words for people who come from containers: run --name, stop, rm, logs. They speak of the same jails as jail(8)'s words.</summary>
internal static class EverydayCommands
{
    private const int MostPatience = 3600;

    /// <summary>A jail with a layer of its own over the kernel's tree, and a program in it. The jail stays until rm.</summary>
    internal static int Run(string? kernelName, string? name, string[] program, Dictionary<string, string> environment, string? directory, string? user, string? hostName, long memory, IReadOnlyList<KeyValuePair<string, string>> network, bool detached, bool? terminal)
    {
        var kernel = kernelName ?? KernelOption.Take([]).Kernel;
        BootCommand.StartOnDemand(kernel, withNetwork: network.Count > 0);
        var settings = new List<ControlSetting> { Setting("path", "/"), Setting("overlay"), Setting("persist"), Setting("enforce_statfs", "1") };
        if (name is not null)
        {
            settings.Add(Setting("name", name));
            settings.Add(Setting("host.hostname", hostName ?? name));
        }

        settings.AddRange(network.Select(pair => Setting(pair.Key, pair.Value)));
        if (memory != KernelSettings.DefaultMemory)
        {
            settings.Add(Setting("limit.memoryuse", memory.ToString(CultureInfo.InvariantCulture)));
        }

        // One request: there is the jail with its program, or nothing of it, whenever we die.
        var request = new ControlRequest
        {
            Verb = ControlVerb.Create,
            Settings = settings,
            Exec = new ExecRequest { Arguments = [.. program], Environment = environment, Directory = directory, User = user, Detached = detached, KeepsJail = true },
        };
        return ProgramClient.Run(kernel, request, detached ? false : terminal, made =>
        {
            if (detached)
            {
                Console.WriteLine(made["name"]);
            }
        });
    }

    /// <summary>SIGTERM, and SIGKILL for who still runs after ten seconds, or as many as -t says.</summary>
    internal static int Stop(ReadOnlySpan<string> arguments)
    {
        var (kernel, words) = KernelOption.Take(arguments);
        var patience = 10;
        var jails = OptionParser.Parse("stop", words.ToArray(), [.. DescribeStop(seconds => patience = seconds)]).ToArray();
        foreach (var jail in Named("stop", [.. jails]))
        {
            JailPrograms.End(kernel, jail, patience);
            JailPrograms.Signal(kernel, jail, JailPrograms.KillNow);
            Console.WriteLine(jail);
        }

        return 0;
    }

    /// <summary>The options of stop, for the completion too.</summary>
    internal static IReadOnlyList<Option> DescribeStop(Action<int> setPatience) =>
    [
        new("-t", "--timeout", "SECONDS", "how long programs may take to end", value => setPatience(
            int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= MostPatience ? seconds
                : throw new CommandException($"stop: -t '{value}': a number of seconds from 0 to {MostPatience}"))),
    ];

    /// <summary>Removes jails; those with running programs only with -f.</summary>
    internal static int Remove(ReadOnlySpan<string> arguments)
    {
        var (kernel, jails) = KernelOption.Take(arguments);
        var force = jails.Remove("-f");
        foreach (var jail in Named("rm", jails))
        {
            if (!force && HasProcesses(kernel, jail))
            {
                throw new CommandException($"rm: programs run in \"{jail}\": 'dragonet stop {jail}' first, or rm -f", 1);
            }

            _ = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Remove, Jail = jail }).Checked();
            Console.WriteLine(jail);
        }

        return 0;
    }

    /// <summary>What detached programs printed.</summary>
    internal static int Logs(ReadOnlySpan<string> arguments)
    {
        var (kernel, jails) = KernelOption.Take(arguments);
        foreach (var jail in Named("logs", jails))
        {
            Console.Write(ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Logs, Jail = jail }).Checked().Text);
        }

        return 0;
    }

    private static List<string> Named(string command, List<string> jails) => jails.Count > 0 ? jails : throw new CommandException($"{command}: no jail: dragonet {command} JAIL…");

    private static bool HasProcesses(string kernel, string jail)
        => ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Processes, Jail = jail }).Checked().Processes is { Count: > 0 };

    private static ControlSetting Setting(string name, string? value = null) => new() { Name = name, Value = value };
}
