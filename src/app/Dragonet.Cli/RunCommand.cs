using System.IO;
using Dragonet.Cli.Jails;
using Dragonet.Cli.Options;

namespace Dragonet.Cli;

/// <summary>dragonet run: boots a kernel, runs one program in it, and ends with its status.</summary>
internal sealed class RunCommand
{
    private readonly List<Volume> _volumes = [];
    private readonly Dictionary<string, string> _environment = DefaultEnvironment();
    private string? _root;
    private string? _upper;
    private string? _directory;
    private string? _user;
    private string _hostName = "dragonet";
    private long _memory = 2L << 30;
    private int _processors;
    private TimeSpan? _timeout;
    private bool _strict;
    private bool _confine = true;
    private string? _strace;
    private ChannelUse _channels;
    private bool? _terminal;
    private string? _name;
    private string? _kernel;
    private bool _detached;

    private RunCommand() => Options =
    [
        new(null, "--root", "DIR", "use DIR as the root, read-only under an in-memory layer", value => _root = ExistingDirectory("--root", value)),
        new(null, "--upper", "DIR", "keep changes in DIR of this machine, for the next run", value => _upper = System.IO.Path.GetFullPath(value)),
        new("-v", "--volume", "HOST:GUEST[:ro]", "show a host directory or file in the guest; may be repeated", value => _volumes.Add(ParseVolume(value))),
        new("-w", "--workdir", "DIR", "start in DIR of the guest", value => _directory = value),
        new("-e", "--env", "KEY[=VALUE]", "set a variable, or pass it on from here; may be repeated", AddVariable),
        new("-u", "--user", "USER[:GROUP]", "run as this user of the guest (default root)", value => _user = value),
        new(null, "--hostname", "NAME", "name of the machine in the guest", value => _hostName = value),
        new("-m", "--memory", "SIZE", "memory of all programs and files in memory together: 512M, 2G (default 2G)", value => _memory = Quantity.Size("--memory", value)),
        new(null, "--cpus", "N", "processors that programs see", value => _processors = ParseProcessors(value)),
        new(null, "--timeout", "TIME", "kill the program after this time: 10s, 500ms, 5m (exit 137)", value => _timeout = Quantity.Time("--timeout", value)),
        new(null, "--isolation", "default|strict", "strict: every system call goes to the kernel", value => _strict = ParseIsolation(value)),
        new(null, "--no-confine", null, "leave the kernel process its rights on this machine (to debug it)", _ => _confine = false),
        new(null, "--channels", "auto|always|never", "serve calls through shared memory: auto: while a processor is idle", value => _channels = ParseChannels(value)),
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
        if (_root is not null || _upper is not null || _volumes.Count > 0 || _strace is not null || _timeout is not null || _strict)
        {
            throw new CommandException("run: --name and -d use the kernel that stays: give --root, --upper and --volume to 'dragonet boot'");
        }

        return EverydayCommands.Run(_kernel, _name, program, _environment, _directory, _user, _hostName == "dragonet" ? _name : _hostName, _memory, _detached, _terminal);
    }

    private int Start(string[] program)
    {
        using var trace = OpenTrace();
        using var kernel = DragonetKernel.Boot(new KernelOptions
        {
            Root = _root,
            Upper = _upper,
            Volumes = _volumes,
            HostName = _hostName,
            MemoryLimit = _memory,
            Processors = _processors,
            Strict = _strict,
            ConfineProcess = _confine,
            Log = line => Console.Error.WriteLine($"dragonet: {line}"),
            Channels = _channels,
            Trace = trace is null ? null : line => WriteLine(trace, line),
        });
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

    internal static Volume ParseVolume(string text)
    {
        var parts = text.Split(':');
        if (parts.Length is < 2 or > 3 || parts[0].Length == 0 || !parts[1].StartsWith('/') || (parts.Length == 3 && parts[2] is not ("ro" or "rw")))
        {
            throw new CommandException($"run: --volume '{text}': write HOST:GUEST or HOST:GUEST:ro, with GUEST an absolute path");
        }

        if (!Directory.Exists(parts[0]) && !File.Exists(parts[0]))
        {
            throw new CommandException($"run: --volume '{text}': there is no {parts[0]} here");
        }

        return new Volume(Path.GetFullPath(parts[0]), parts[1], parts.Length == 3 && parts[2] == "ro");
    }

    internal static string ExistingDirectory(string option, string path)
    {
        try
        {
            if (Directory.Exists(path))
            {
                _ = Directory.EnumerateFileSystemEntries(path).Any();
                return Path.GetFullPath(path);
            }
        }
        catch (UnauthorizedAccessException)
        {
            // said below
        }

        throw new CommandException($"run: {option} {path}: no such directory, or it is not readable");
    }

    internal static int ParseProcessors(string text)
        => int.TryParse(text, out var count) && count is > 0 and <= 1024 ? count : throw new CommandException($"run: --cpus '{text}' is no number of processors");

    private static ChannelUse ParseChannels(string text) => text switch
    {
        "auto" => ChannelUse.WhenIdle,
        "always" => ChannelUse.Always,
        "never" => ChannelUse.Never,
        _ => throw new CommandException($"run: --channels '{text}': write auto, always or never"),
    };

    private static bool ParseIsolation(string text) => text switch
    {
        "default" => false,
        "strict" => true,
        _ => throw new CommandException($"run: --isolation '{text}': write default or strict"),
    };
}
