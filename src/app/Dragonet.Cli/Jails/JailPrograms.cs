using System.Globalization;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>What is told to all programs of a jail at once.</summary>
internal static class JailPrograms
{
    internal const int KillNow = 9;
    private const int Terminate = 15;

    /// <summary>SIGTERM, then waits until the last one has ended, for so many seconds at most.</summary>
    internal static void End(string kernel, string jail, int seconds)
    {
        Signal(kernel, jail, Terminate);
        _ = ControlClient.Ask(kernel, About(ControlVerb.Wait, jail, "seconds", seconds)).Checked();
    }

    internal static void Signal(string kernel, string jail, int number) => _ = ControlClient.Ask(kernel, About(ControlVerb.Signal, jail, "signal", number)).Checked();

    private static ControlRequest About(string verb, string jail, string name, int value)
        => new() { Verb = verb, Jail = jail, Settings = [new ControlSetting { Name = name, Value = value.ToString(CultureInfo.InvariantCulture) }] };
}
