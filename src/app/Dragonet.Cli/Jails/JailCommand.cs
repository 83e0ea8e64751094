using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet jail: makes, changes and removes jails (jail(8)).</summary>
internal sealed class JailCommand
{
    private const string Usage = "dragonet jail [-K KERNEL] [-q|-v] [-i] [-f FILE] [-J IDFILE] [-p AT-ONCE] -c|-m|-r|-cm|-rc [JAIL…|PARAMETER=VALUE… [command=PROGRAM ARG…]]";

    private readonly string _kernel;
    private bool _create;
    private bool _modify;
    private bool _remove;
    private bool _quiet;
    private bool _printId;
    private bool _skipStop;
    private string? _file;
    private string? _idFile;
    private int _atOnce = 8;
    private string? _separator;

    private JailCommand(string kernel) => _kernel = kernel;

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, rest) = KernelOption.Take(arguments);
        return rest is ["clone", ..] ? Clone(kernel, rest[1..]) : new JailCommand(kernel).Run(rest);
    }

    /// <summary>dragonet jail clone A B [PARAMETER=VALUE…]: a jail with the files that another one has at this moment.</summary>
    private static int Clone(string kernel, List<string> words)
    {
        if (words.Count < 2 || words[0].Contains('=', StringComparison.Ordinal) || words[1].Contains('=', StringComparison.Ordinal))
        {
            throw new CommandException("jail: clone which jail, and how is the new one called? dragonet jail clone JAIL NEW [PARAMETER=VALUE…]");
        }

        var (settings, _) = Settings(words[2..]);
        settings.Add(new ControlSetting { Name = "name", Value = words[1] });
        _ = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Clone, Jail = words[0], Settings = settings }).Checked();
        Console.WriteLine($"{words[1]}: created");
        return 0;
    }

    private int Run(List<string> arguments)
    {
        var words = ParseOptions(arguments);
        if (_separator is not null)
        {
            Console.WriteLine(string.Join(_separator, Configuration.JailDefinition.Of(Configuration.ConfigParser.Read(_file ?? "/etc/jail.conf")).Select(jail => jail.Name)));
            return 0;
        }

        if (!_create && !_modify && !_remove)
        {
            throw new CommandException($"jail: what is to be done? {Usage}");
        }

        if (_create)
        {
            BootCommand.StartOnDemand(_kernel);
        }

        var isPlain = _file is null && words.Exists(word => word.Contains('=', StringComparison.Ordinal) || (_create && words.Contains("persist")));
        if (_remove && !isPlain && !_create && _file is null)
        {
            return Remove(words);
        }

        if (!isPlain)
        {
            var plan = new JailPlan(_kernel, _file ?? "/etc/jail.conf", _quiet ? null : Console.WriteLine, _printId) { SkipsStop = _skipStop, AtOnce = _atOnce, IdFile = _idFile };
            return plan.Run(words, _create, _modify, _remove);
        }

        var (settings, command) = Settings(words);
        var name = settings.Find(setting => setting.Name is "name")?.Value ?? settings.Find(setting => setting.Name is "jid")?.Value;
        if (_remove)
        {
            _ = ControlClient.Ask(_kernel, new ControlRequest { Verb = ControlVerb.Remove, Jail = name });
        }

        if (_modify && name is not null && (!_create || Exists(name)))
        {
            settings.RemoveAll(setting => setting.Name is "name" or "jid");
            Say("modified", ControlClient.Ask(_kernel, new ControlRequest { Verb = ControlVerb.Modify, Jail = name, Settings = settings }).Checked());
            return command is null ? 0 : Execute(name, command);
        }

        if (!_create)
        {
            throw new CommandException($"jail: name the jail: name=NAME");
        }

        var request = new ControlRequest { Verb = ControlVerb.Create, Settings = settings };
        if (command is null)
        {
            Say("created", ControlClient.Ask(_kernel, request).Checked());
            return 0;
        }

        request.Exec = new ExecRequest { Arguments = command, Environment = ProgramClient.Environment };
        return ProgramClient.Run(_kernel, request);
    }

    private int Execute(string name, List<string> command)
        => ProgramClient.Run(_kernel, new ControlRequest { Verb = ControlVerb.Exec, Jail = name, Exec = new ExecRequest { Arguments = command, Environment = ProgramClient.Environment } });

    private int Remove(List<string> names)
    {
        if (names is ["*"] or ["ALL"])
        {
            names = [.. (ControlClient.Ask(_kernel, new ControlRequest { Verb = ControlVerb.List }).Checked().Jails ?? []).Select(jail => jail["name"]).Where(name => !name.Contains('.', StringComparison.Ordinal))];
        }

        var failed = 0;
        foreach (var name in names)
        {
            var reply = ControlClient.Ask(_kernel, new ControlRequest { Verb = ControlVerb.Remove, Jail = name });
            if (reply.Error is { } error)
            {
                Console.Error.WriteLine($"dragonet: jail: {error}");
                failed = 1;
            }
            else
            {
                Say("removed", reply);
            }
        }

        return failed;
    }

    private bool Exists(string name) => ControlClient.Ask(_kernel, new ControlRequest { Verb = ControlVerb.List, Jail = name }).Error is null;

    private void Say(string what, ControlReply reply)
    {
        if (reply.Jails is [{ } jail, ..])
        {
            if (_idFile is not null && what == "created")
            {
                WriteIdFile(_idFile, jail);
            }

            if (_printId)
            {
                Console.WriteLine(jail["jid"]);
            }
            else if (!_quiet)
            {
                Console.WriteLine($"{jail["name"]}: {what}");
            }
        }
    }

    /// <summary>What jail(8) writes for -J: the number and the parameters, on one line.</summary>
    internal static void WriteIdFile(string file, Dictionary<string, string> jail)
    {
        try
        {
            System.IO.File.AppendAllText(file, $"jid={jail["jid"]} name={jail["name"]} path={jail["path"]} host.hostname={jail["host.hostname"]}\n");
        }
        catch (Exception failure) when (failure is System.IO.IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"jail: {file}: {failure.Message}", 1);
        }
    }

    private List<string> ParseOptions(List<string> arguments)
    {
        var at = 0;
        for (; at < arguments.Count && arguments[at].StartsWith('-') && arguments[at].Length > 1; at++)
        {
            if (arguments[at] == "--")
            {
                at++;
                break;
            }

            foreach (var letter in arguments[at][1..])
            {
                switch (letter)
                {
                    case 'c':
                        _create = true;
                        break;
                    case 'm':
                        _modify = true;
                        break;
                    case 'r':
                        _remove = true;
                        break;
                    case 'R':
                        _remove = _skipStop = true;
                        break;
                    case 'q':
                        _quiet = true;
                        break;
                    case 'v':
                        break; // what is done is said anyway
                    case 'i':
                        _printId = true;
                        break;
                    case 'f' when at + 1 < arguments.Count:
                        _file = arguments[++at];
                        break;
                    case 'J' when at + 1 < arguments.Count:
                        _idFile = arguments[++at];
                        break;
                    case 'e' when at + 1 < arguments.Count:
                        _separator = arguments[++at];
                        break;
                    case 'p' when at + 1 < arguments.Count:
                        _atOnce = int.TryParse(arguments[++at], out var limit) && limit > 0 ? Math.Min(limit, 64) : throw new CommandException($"jail: -p {arguments[at]}: a number of jails");
                        break;
                    default:
                        throw new CommandException($"jail: unknown option '-{letter}': {Usage}");
                }

                if (letter is 'f' or 'J' or 'e' or 'p')
                {
                    break;
                }
            }
        }

        return arguments[at..];
    }

    /// <summary>Parameters, and the program behind command=, which takes the rest.</summary>
    private static (List<ControlSetting> Settings, List<string>? Command) Settings(List<string> words)
    {
        var settings = new List<ControlSetting>();
        for (var i = 0; i < words.Count; i++)
        {
            var parts = words[i].Split('=', 2);
            if (parts[0] == "command" && parts.Length == 2)
            {
                return (settings, [parts[1], .. words[(i + 1)..]]);
            }

            settings.Add(new ControlSetting { Name = parts[0], Value = parts.Length == 2 ? parts[1] : null });
        }

        return (settings, null);
    }
}
