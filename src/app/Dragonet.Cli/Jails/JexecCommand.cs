using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet jexec, exec: a program in a jail (jexec(8)).</summary>
internal sealed class JexecCommand
{
    private string? _user;
    private string? _directory;
    private bool _clean;
    private bool? _terminal;
    private bool _detached;
    private readonly Dictionary<string, string> _variables = [];

    private JexecCommand() => Options =
    [
        new("-l", null, null, "a clean environment, as at a login", _ => _clean = true),
        new("-d", null, "DIR", "start in DIR of the jail", value => _directory = value),
        new("-u", null, "USER", "run as this user (jails look names up inside)", value => _user = value),
        new("-U", null, "USER", "run as this user of the jail", value => _user = value),
        new("-e", "--env", "KEY=VALUE", "set a variable; may be repeated", value => _variables[value.Split('=', 2)[0]] = value.Split('=', 2)[^1]),
        new("-T", "--no-tty", null, "no terminal for the program", _ => _terminal = false),
        new("-b", "--background", null, "leave it running by itself; 'logs' has what it prints", _ => _detached = true),
    ];

    private IReadOnlyList<Option> Options { get; }

    internal static int Run(string name, ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        var command = new JexecCommand();
        var words = OptionParser.Parse(name, rest.ToArray(), command.Options);
        if (words.Length == 0)
        {
            throw new CommandException($"{name}: no jail: dragonet {name} [options] JAIL [COMMAND [ARG…]]");
        }

        var jail = words[0];
        var program = words[1..].Length > 0 && words[1] == "--" ? words[2..] : words[1..];
        return command.Run(kernel, jail, program.Length == 0 ? ["/bin/sh"] : program.ToArray());
    }

    private int Run(string kernel, string jail, string[] program)
    {
        var environment = ProgramClient.Environment;
        foreach (var variable in (ReadOnlySpan<string>)(_clean ? ["LANG", "LC_ALL", "TZ", "COLORTERM"] : []))
        {
            _ = environment.Remove(variable);
        }

        foreach (var (key, value) in _variables)
        {
            environment[key] = value;
        }

        return ProgramClient.Run(kernel, new ControlRequest
        {
            Verb = ControlVerb.Exec,
            Jail = jail,
            Exec = new ExecRequest { Arguments = [.. program], Environment = environment, Directory = _directory, User = _user, Detached = _detached },
        }, _terminal);
    }
}
