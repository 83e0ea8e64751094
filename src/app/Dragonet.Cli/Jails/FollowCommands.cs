using System.IO;
using System.Text;
using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet events and strace: what a kernel tells until ^C, line by line.</summary>
internal static class FollowCommands
{
    /// <summary>What happens to jails, and who wants more than there may be.</summary>
    internal static int Events(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        var json = Rows.TakeJson(rest);
        return Follow(kernel, new ControlRequest { Verb = ControlVerb.Events, Jail = rest.FirstOrDefault() }, json ? ToJson : null);
    }

    /// <summary>What the programs of a jail, or one of them, ask of the kernel: JAIL, JAIL:PID or :PID.</summary>
    internal static int Trace(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        var parts = rest.Count == 1 ? rest[0].Split(':') : [];
        if (parts.Length is 0 or > 2)
        {
            throw new CommandException("strace: of whom? dragonet strace JAIL[:PID]");
        }

        return Follow(kernel, new ControlRequest
        {
            Verb = ControlVerb.Trace,
            Jail = parts[0].Length == 0 ? "0" : parts[0],
            Settings = parts.Length == 2 ? [new ControlSetting { Name = "pid", Value = parts[1] }] : null,
        });
    }

    /// <summary>"jail=a event=limit" as an object on a line.</summary>
    private static ReadOnlyMemory<byte> ToJson(ReadOnlyMemory<byte> line)
        => Encoding.UTF8.GetBytes(Rows.ToJson(Encoding.UTF8.GetString(line.Span).TrimEnd('\n').Split(' ').Select(static word => word.Split('=', 2)).Where(static pair => pair.Length == 2)
            .Select(static pair => KeyValuePair.Create(pair[0], pair[1]))) + "\n");

    private static int Follow(string kernel, ControlRequest request, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? render = null)
    {
        using var client = ControlClient.Connect(kernel);
        _ = client.Ask(request).Checked();
        return Follow(client, render);
    }

    /// <summary>Prints what comes after the answer.</summary>
    internal static int Follow(ControlClient client, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? render = null)
    {
        using var output = Console.OpenStandardOutput();
        while (client.ReadOutput() is { } line)
        {
            try
            {
                output.Write((render?.Invoke(line) ?? line).Span);
                output.Flush();
            }
            catch (IOException)
            {
                return 0; // nobody reads any more
            }
        }

        return 0;
    }
}
