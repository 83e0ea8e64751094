using System.IO;
using Dragonet.Cli.Options;

namespace Dragonet.Cli;

/// <summary>dragonet help.</summary>
internal static class HelpCommand
{
    internal static readonly (string Name, string Text)[] Commands =
    [
        ("run", "run a program on a kernel of its own"),
        ("boot", "start a kernel that stays: boot [NAME] [-m SIZE] [-n CPUS] [-v HOST:GUEST]"),
        ("halt", "end a kernel that stays, and everything in it: halt [NAME]"),
        ("reboot", "end a kernel and boot it as before: reboot [NAME]; or what runs in a jail by itself: reboot -j JAIL"),
        ("kill", "end one that does not answer: kill [NAME]"),
        ("ls", "list the kernels that stay"),
        ("jail", "make, change and remove jails: jail -c|-m|-r name=NAME PARAMETER=VALUE…"),
        ("jls", "list jails and their parameters: jls [-hnNqv] [--json] [-j JAIL] [PARAMETER…]"),
        ("jexec", "run a program in a jail: jexec [-l] [-u USER] JAIL COMMAND (or: exec)"),
        ("jps", "list processes with their jails: jps [JAIL] (or: ps)"),
        ("census", "count the objects of a kernel or a jail: census [JAIL]"),
        ("rctl", "limit resources: rctl -a|-l|-r|-u RULE (jail:NAME:RESOURCE:ACTION=AMOUNT/PER)"),
        ("net", "look at networks and change them: net ls|stats|route|ss|capture|impair|rule|bridge|epair|mv|rm|up|down|addr"),
        ("switch", "join kernels: switch [-p PATH] [-g GROUP] [--tap NAME] [-d]; switch ls|fdb|impair|capture"),
        ("events", "tell what happens to jails, and who wants more than there may be: events [JAIL]"),
        ("top", "show what kernels, jails and processes use: top [-n TIMES] [-d SECONDS] [KERNEL…]"),
        ("lsof", "list open files: lsof [JAIL]"),
        ("strace", "show what programs ask of the kernel: strace JAIL[:PID]"),
        ("console", "sit down at the console of a jail or a kernel: console [-l] [-e CHAR] [NAME]"),
        ("stop", "end the programs of a jail, SIGTERM, then SIGKILL: stop [-t SECONDS] JAIL…"),
        ("rm", "remove a jail: rm [-f] JAIL"),
        ("logs", "print what the programs of 'run -d' printed: logs JAIL"),
        ("cp", "copy files from a jail or into one: cp JAIL:PATH DEST, cp SOURCE JAIL:PATH"),
        ("template", "keep trees of files that jails start from: template build|import|snapshot|ls|rm|export|diff"),
        ("doctor", "check what this host offers, and what is slower or missing without it"),
        ("version", "print the version"),
        ("completion", "print the completion script for a shell: bash"),
        ("help", "explain a command"),
    ];

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length > 0 && !Known(arguments[0]))
        {
            throw new CommandException($"help: unknown command '{arguments[0]}'");
        }

        Write(Console.Out, arguments.Length > 0 ? arguments[0] : null);
        return 0;
    }

    internal static void Write(TextWriter writer, string? command)
    {
        if (command == "run")
        {
            WriteRun(writer);
            return;
        }

        if (command is not null && (HelpTexts.Find(command) ?? Line(command)) is { } explained)
        {
            writer.WriteLine(explained);
            return;
        }

        writer.WriteLine("""
            dragonet: a private Linux-compatible kernel, as an ordinary process

            usage: dragonet COMMAND [ARG…]

            """);
        foreach (var (name, text) in Commands)
        {
            writer.WriteLine($"  {name,-12}{text}");
        }

        writer.WriteLine("""

            examples:
              dragonet run -- sh -c 'uname -sr; id'
              dragonet run -v .:/work -w /work -- make test
              dragonet help run
            """);
    }

    internal static bool Known(string name) => name is "exec" or "ps" || Array.Exists(Commands, command => command.Name == name);

    private static string? Line(string command)
        => Array.Find(Commands, each => each.Name == command) is { Text: { } text } ? $"dragonet {command}: {text}" : null;

    private static void WriteRun(TextWriter writer)
    {
        writer.WriteLine("""
            usage: dragonet run [OPTION…] [--] COMMAND [ARG…]

            Runs COMMAND on a kernel of its own. Without --root it sees this machine's system directories, may change
            everything, and changes nothing here. The exit status is the program's; 128+n when signal n ended it; 125 when
            dragonet itself failed, 126 when COMMAND cannot be executed, 127 when it was not found.

            options:
            """);
        foreach (var option in RunCommand.Describe())
        {
            var left = $"  {option.Names}{(option.Value is null ? "" : option.OptionalValue ? $"[={option.Value}]" : $" {option.Value}")}";
            writer.WriteLine(left.Length < 34 ? $"{left,-34}{option.Help}" : $"{left}\n{"",-34}{option.Help}");
        }

        writer.WriteLine("""

            examples:
              dragonet run -- python3 -c 'print(6 * 7)'
              dragonet run -m 256M --timeout 5s -- ./untrusted
              dragonet run --strace=calls.txt -- ls /
              dragonet run -v "$PWD":/src:ro -w /src -- grep -r main .
            """);
    }
}
