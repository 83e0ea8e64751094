using System.IO;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet events: what happens to jails, and who wants more than there may be, a line each, until ^C.</summary>
internal static class EventsCommand
{
    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        using var client = ControlClient.Connect(kernel);
        _ = client.Ask(new ControlRequest { Verb = ControlVerb.Events, Jail = rest.FirstOrDefault() }).Checked();
        using var output = Console.OpenStandardOutput();
        while (client.ReadOutput() is { } line)
        {
            try
            {
                output.Write(line.Span);
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
