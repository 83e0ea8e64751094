using System.Diagnostics;
using System.Globalization;
using System.IO;
using Dragonet.Cli.Options;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>dragonet halt, kill, ls, census: kernels that stay.</summary>
internal static class KernelCommands
{
    /// <summary>Ends a kernel and everything in it: SIGTERM first, and after -t seconds the hard way.</summary>
    internal static int Halt(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        List<ControlSetting>? settings = null;
        var names = OptionParser.Parse("halt", rest.ToArray(), [new("-t", "--time", "SECONDS", "how long programs may take to end", value => settings = [new() { Name = "time", Value = value }])]);
        var name = names.Length > 0 ? names[0] : kernel;
        using var client = ControlClient.Connect(name);
        _ = client.Ask(new ControlRequest { Verb = ControlVerb.Halt, Settings = settings }).Checked();
        client.WaitForEnd();
        return 0;
    }

    /// <summary>Ends a kernel and boots it with the same options; or, with -j, ends the programs of a jail and starts again what ran in it by
    /// itself.</summary>
    internal static int Reboot(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        if (rest is ["-j", var jail])
        {
            _ = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Restart, Jail = jail }).Checked();
            return 0;
        }

        var name = rest.FirstOrDefault() ?? kernel;
        var known = ControlClient.Ask(name, new ControlRequest { Verb = ControlVerb.Info }).Checked().Values ?? [];
        using (var client = ControlClient.Connect(name))
        {
            _ = client.Ask(new ControlRequest { Verb = ControlVerb.Halt }).Checked();
            client.WaitForEnd();
        }

        KernelLife.WaitForEnd(ControlPaths.Of(name));
        BootCommand.Start(name, known.GetValueOrDefault("arguments")?.Split('\0', StringSplitOptions.RemoveEmptyEntries) ?? [name], known.GetValueOrDefault("directory"));
        return 0;
    }

    /// <summary>Ends a kernel that does not answer.</summary>
    internal static int Kill(ReadOnlySpan<string> arguments)
    {
        var name = Name(arguments);
        var paths = ControlPaths.Of(name);
        if (!paths.IsAlive)
        {
            throw new CommandException($"kill: kernel '{name}' does not run");
        }

        try
        {
            using var process = Process.GetProcessById(int.Parse(File.ReadAllText(paths.ProcessId), CultureInfo.InvariantCulture));
            process.Kill();
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or IOException or System.ComponentModel.Win32Exception)
        {
            throw new CommandException($"kill: kernel '{name}': {failure.Message}");
        }

        KernelLife.WaitForEnd(paths);
        return 0;
    }

    /// <summary>The kernels of this user.</summary>
    internal static int List(ReadOnlySpan<string> arguments)
    {
        var words = new List<string>([.. arguments]);
        var json = Rows.TakeJson(words);
        var quiet = words.Remove("-q");
        if (words.Count > 0)
        {
            throw new CommandException($"ls: '{words[0]}' is too much: dragonet ls [-q] [--json]");
        }

        var rows = new List<Dictionary<string, string>>();
        foreach (var name in ControlPaths.Names().Where(name => ControlPaths.Of(name).IsAlive))
        {
            try
            {
                var pid = ControlClient.Ask(name, new ControlRequest { Verb = ControlVerb.Info }).Values?["pid"];
                var census = ControlClient.Ask(name, new ControlRequest { Verb = ControlVerb.Census }).Values;
                rows.Add(Row(name, pid, census?["jails"], census?["processes"], "runs"));
            }
            catch (ControlException)
            {
                rows.Add(Row(name, null, null, null, "does not answer"));
            }
        }

        if (quiet)
        {
            rows.ForEach(static row => Console.WriteLine(row["name"]));
        }
        else
        {
            Rows.Print(rows, json, "name", "pid", "jails", "processes", "state");
        }

        return 0;

        static Dictionary<string, string> Row(string name, string? pid, string? jails, string? processes, string state)
            => new() { ["name"] = name, ["pid"] = pid ?? "", ["jails"] = jails ?? "", ["processes"] = processes ?? "", ["state"] = state };
    }

    /// <summary>How many objects a kernel or a jail has.</summary>
    internal static int Census(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        var json = Rows.TakeJson(rest);
        var counts = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Census, Jail = rest.FirstOrDefault() }).Checked().Values ?? [];
        if (json)
        {
            Rows.Print([counts], json);
            return 0;
        }

        foreach (var (key, value) in counts)
        {
            Console.WriteLine($"{key,-16} {value}");
        }

        return 0;
    }

    private static string Name(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        return rest.FirstOrDefault() ?? kernel;
    }
}
