using System.IO;
using Dragonet.Cli.Jails;
using Dragonet.Cli.Options;

namespace Dragonet.Cli;

/// <summary>dragonet run: boots a kernel, runs one program in it, and ends with its status.</summary>
internal sealed class RunCommand
{
    private readonly KernelSettings _settings = new("run");
    private readonly Dictionary<string, string> _environment = DefaultEnvironment();
    private string? _directory;
    private string? _user;
    private TimeSpan? _timeout;
    private string? _strace;
    private bool? _terminal;
    private string? _name;
    private string? _kernel;
    private bool _detached;

    private RunCommand() => Options =
    [
        .. _settings.Options,
        new("-w", "--workdir", "DIR", "start in DIR of the guest", value => _directory = value),
        new("-e", "--env", "KEY[=VALUE]", "set a variable, or pass it on from here; may be repeated", AddVariable),
        new("-u", "--user", "USER[:GROUP]", "run as this user of the guest (default root)", value => _user = value),
        new(null, "--timeout", "TIME", "kill the program after this time: 10s, 500ms, 5m (exit 137)", value => _timeout = Quantity.Time("--timeout", value)),
        new(null, "--strace", "FILE", "print decoded system calls on standard error, or into FILE", value => _strace = value) { OptionalValue = true },
        new(null, "--name", "NAME", "run it in a jail of this name on the kernel that stays, with a layer of its own", value => _name = value),
        new("-K", "--kernel", "NAME", "the kernel that stays (default: $DRAGONET_KERNEL, or 'default')", value => _kernel = value),
        new("-d", "--detach", null, "leave it running there by itself; 'logs' has what it prints", _ => _detached = true),
        new("-t", "--tty", null, "give the program a terminal of its own (default when there is one)", _ => _terminal = true),
        new("-T", "--no-tty", null, "pass the standard streams through as they are", _ => _terminal = false),
    ];

    /// <summary>The options, for the help and the completion.</summary>
    internal IReadOnlyList<Option> Options { get; }

    internal static IReadOnlyList<Option> Describe() => new RunCommand().Options;

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length > 0 && arguments[0] is "--help" or "-h")
        {
            HelpCommand.Write(Console.Out, "run");
            return 0;
        }

        var command = new RunCommand();
        var program = OptionParser.Parse("run", arguments, command.Options).ToArray();
        if (program.Length == 0)
        {
            throw new CommandException("run: no command: dragonet run [options] -- COMMAND [ARG…]");
        }

        return command._name is not null || command._detached ? command.StartInJail(program) : command.Start(program);
    }

    private int StartInJail(string[] program)
    {
        if (_settings.ShapesTheMachine || _strace is not null || _timeout is not null)
        {
            throw new CommandException("run: --name and -d use the kernel that stays: give --root, --upper, --volume and --dns to 'dragonet boot'");
        }

        return EverydayCommands.Run(_kernel, _name, program, _environment, _directory, _user, _settings.HostName == KernelSettings.DefaultHostName ? _name : _settings.HostName, _settings.Memory, _settings.JailNetwork, _detached, _terminal);
    }

    private int Start(string[] program)
    {
        using var trace = OpenTrace();
        using var quiet = new QuietProcess();
        using var kernel = DragonetKernel.Boot(_settings.ToOptions(stays: false, quiet, trace is null ? null : line => WriteLine(trace, line)));
        using var session = new TerminalSession(kernel, _terminal);
        GuestProcess process;
        try
        {
            process = kernel.Start(new ProgramOptions
            {
                Arguments = program,
                Environment = _environment,
                WorkingDirectory = _directory,
                User = _user,
                Input = session.StreamFor(0),
                Output = session.StreamFor(1),
                Error = session.StreamFor(2),
                Timeout = _timeout,
            });
        }
        catch (ProgramException failure)
        {
            throw new CommandException($"run: {failure.Message}", failure.IsMissing ? CommandException.NotFound : CommandException.CannotExecute);
        }

        using var signals = new SignalForwarding(process);
        session.Attach(process);
        var status = process.Wait();
        session.Finish();
        if (process.TimedOut)
        {
            Console.Error.WriteLine($"dragonet: run: {program[0]} was killed: its time was over (--timeout)");
        }

        return status.ShellCode;
    }

    private TextWriter? OpenTrace()
    {
        if (_strace is null)
        {
            return null;
        }

        if (_strace.Length == 0)
        {
            return Console.Error;
        }

        try
        {
            return new StreamWriter(_strace) { AutoFlush = false };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"run: --strace {_strace}: {failure.Message}");
        }
    }

    private static void WriteLine(TextWriter writer, string line)
    {
        lock (writer)
        {
            writer.WriteLine(line);
        }
    }

    internal static Dictionary<string, string> DefaultEnvironment()
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = "/root",
        };
        foreach (var name in (ReadOnlySpan<string>)["TERM", "LANG", "LC_ALL", "TZ", "COLORTERM"])
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                environment[name] = value;
            }
        }

        return environment;
    }

    private void AddVariable(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? text : text[..equals];
        if (name.Length == 0)
        {
            throw new CommandException($"run: --env '{text}' has no name: write KEY=VALUE");
        }

        if (equals >= 0)
        {
            _environment[name] = text[(equals + 1)..];
        }
        else if (Environment.GetEnvironmentVariable(name) is { } value)
        {
            _environment[name] = value;
        }
    }
}
