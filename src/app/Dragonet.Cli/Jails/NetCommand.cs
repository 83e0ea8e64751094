using System.IO;
using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet net: the networks of a kernel that stays.</summary>
internal static class NetCommand
{
    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        var words = new List<string>();
        string? jail = null, file = null;
        var json = false;
        for (var i = 0; i < rest.Count; i++)
        {
            switch (rest[i])
            {
                case "-j" or "--jail" when i + 1 < rest.Count:
                    jail = rest[++i];
                    break;
                case "-w" when i + 1 < rest.Count:
                    file = rest[++i];
                    break;
                case "--json":
                    json = true;
                    break;
                case ['-', _, ..]:
                    throw new CommandException($"net: unknown option '{rest[i]}': {NetworkRequests.Usage}");
                default:
                    words.Add(rest[i]);
                    break;
            }
        }

        if (words.Count == 0)
        {
            throw new CommandException($"net: what about? {NetworkRequests.Usage}");
        }

        if (words[0] == "capture" && words.Count <= 2)
        {
            return Capture(kernel, jail, words.ElementAtOrDefault(1), file);
        }

        if (words is ["bridge" or "epair", "add", ..])
        {
            BootCommand.StartOnDemand(kernel);
        }

        var request = new ControlRequest { Verb = ControlVerb.Network, Jail = jail, Settings = [.. words.Select(static word => new ControlSetting { Name = word })] };
        var rows = ControlClient.Ask(kernel, request).Checked().Rows ?? [];
        Rows.Print(rows, json);
        return 0;
    }

    /// <summary>Until ^C: lines on the screen, or a pcapng file (- for standard output).</summary>
    private static int Capture(string kernel, string? jail, string? link, string? file)
    {
        using var client = ControlClient.Connect(kernel);
        var request = new ControlRequest { Verb = ControlVerb.Capture, Jail = jail, Settings = [] };
        if (link is not null)
        {
            request.Settings.Add(new ControlSetting { Name = "interface", Value = link });
        }

        if (file is null)
        {
            request.Settings.Add(new ControlSetting { Name = "text" });
        }

        _ = client.Ask(request).Checked();
        try
        {
            using var output = file is null or "-" ? Console.OpenStandardOutput() : File.Create(file);
            while (client.ReadOutput() is { } piece)
            {
                output.Write(piece.Span);
                output.Flush();
            }
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new CommandException($"net capture: {failure.Message}");
        }
        catch (IOException failure) when (file is not (null or "-"))
        {
            throw new CommandException($"net capture: {failure.Message}");
        }
        catch (IOException)
        {
            return 0; // nobody reads any more
        }

        return 0;
    }
}
