using System.IO;
using System.Runtime.InteropServices;
using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet console: at the console of a jail or a kernel, with our keyboard and screen, until a key that leaves it.</summary>
internal sealed class ConsoleCommand
{
    private const byte Group = 0x1d; // ^], as telnet(1) and `xl console` have it

    private int _leave = Group;
    private bool _onlyReads;

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var command = new ConsoleCommand();
        var (kernel, rest) = KernelOption.Take(arguments);
        var names = OptionParser.Parse("console", rest.ToArray(),
        [
            new("-e", "--escape", "CHAR|none", "the key that leaves the console", value => command._leave = Key(value)),
            new("-l", "--log", null, "only read what is said", _ => command._onlyReads = true),
        ]);
        if (names.Length > 1)
        {
            throw new CommandException($"console: '{names[1]}' is too much: dragonet console [-l] [-e CHAR] [NAME]");
        }

        var name = names.Length > 0 ? names[0] : null;
        using var client = command.Find(kernel, name, mayBeKernel: rest.Count == arguments.Length, out var hasTerminal);
        return hasTerminal ? command.Sit(client, name ?? kernel) : FollowCommands.Follow(client);
    }

    private static int Key(string text) => text switch
    {
        "none" => -1,
        [var key] => key,
        ['^', >= '?' and <= '_' and var key] => key == '?' ? 127 : key - '@',
        ['^', >= 'a' and <= 'z' and var key] => key - '`',
        _ => throw new CommandException($"console: -e '{text}': write a character, ^X or none"),
    };

    /// <summary>The jail of this name, else the kernel of this name.</summary>
    private ControlClient Find(string kernel, string? name, bool mayBeKernel, out bool hasTerminal)
    {
        var client = name is not null && mayBeKernel && !ControlPaths.Of(kernel).IsAlive && ControlPaths.Of(name).IsAlive ? null : ControlClient.Connect(kernel);
        var reply = client?.Ask(Request(name));
        if (name is not null && mayBeKernel && (reply is null || reply.Error is not null) && ControlPaths.Of(name).IsAlive)
        {
            client?.Dispose();
            client = ControlClient.Connect(name);
            reply = client.Ask(Request(null));
        }

        hasTerminal = reply!.Checked().Values?.ContainsKey(ConsoleSession.Terminal) == true;
        return client!;
    }

    private ControlRequest Request(string? jail)
        => new() { Verb = ControlVerb.Console, Jail = jail, Settings = _onlyReads ? [new ControlSetting { Name = "log" }] : null };

    private int Sit(ControlClient client, string name)
    {
        using var screen = HostScreen.Open(0) is { } found && HostScreen.Open(1) is not null ? found : null;
        using Stream input = StandardInput.Open(), output = Console.OpenStandardOutput();
        if (screen is null)
        {
            return client.Relay(new Keyboard(input, -1, endLeaves: false), output, output);
        }

        Console.Error.WriteLine($"Connected to the console of {name}{(_leave < 0 ? "" : $"; {Name(_leave)} leaves it")}.");
        using var resize = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => client.Resize(screen.Size.Rows, screen.Size.Columns));
        using var resume = PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => screen.MakeRaw());
        screen.MakeRaw();
        client.Resize(screen.Size.Rows, screen.Size.Columns);
        var status = client.Relay(new Keyboard(input, _leave, endLeaves: true), output, output);
        screen.Dispose();
        Console.Error.WriteLine();
        return status;
    }

    private static string Name(int key) => key < 32 ? $"^{(char)(key + '@')}" : key == 127 ? "^?" : $"'{(char)key}'";
}
