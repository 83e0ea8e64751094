using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using Dragonet.Cli.Options;
using Dragonet.Control;

namespace Dragonet.Cli.Standing;

/// <summary>dragonet boot: a kernel that stays until it is halted.</summary>
internal sealed class BootCommand
{
    private const string Ready = "ready";

    private readonly KernelSettings _settings = new("boot");
    private List<string> _arguments = [];
    private bool _foreground;
    private uint? _group;
    private string? _console;

    private BootCommand() => Options =
    [
        .. _settings.Options,
        new("-f", "--foreground", null, "stay on this terminal; end with ^C", _ => _foreground = true),
        new(null, "--console", "login|COMMAND", "what runs on its console and is started again: login for getty(8), or a command", value => _console = value),
        new(null, "--group", "GROUP", "its members may command this kernel, too", value => _group = ControlAccess.GroupOf("boot", value)),
    ];

    internal IReadOnlyList<Option> Options { get; }

    internal static IReadOnlyList<Option> Describe() => new BootCommand().Options;

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var command = new BootCommand();
        // The name may stand before the options, as jail(8)'s users write it, or behind.
        var name = arguments.Length > 0 && !arguments[0].StartsWith('-') ? arguments[0] : null;
        var rest = OptionParser.Parse("boot", name is null ? arguments : arguments[1..], command.Options);
        name ??= rest.Length > 0 ? rest[0] : ControlPaths.DefaultName;
        if (command._foreground)
        {
            command._arguments = [.. arguments];
            return command.Stay(name, Environment.GetEnvironmentVariable("DRAGONET_DETACH") == "1");
        }

        Start(name, arguments.ToArray());
        return 0;
    }

    /// <summary>Boots a kernel that nobody has booted yet, with defaults.</summary>
    internal static void StartOnDemand(string name, bool withNetwork = false)
    {
        if (!ControlPaths.Of(name).IsAlive)
        {
            Start(name, withNetwork ? [name, "--net", "user"] : [name]);
        }
    }

    /// <summary>Boots a kernel in the background, and comes back when it serves.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="arguments">Of the command.</param>
    /// <param name="directory">Where relative names begin; null for here.</param>
    internal static void Start(string name, string[] arguments, string? directory = null)
    {
        var paths = ControlPaths.Of(name);
        if (paths.IsAlive)
        {
            throw new CommandException($"boot: kernel '{name}' runs already");
        }

        var self = new ProcessStartInfo(Environment.ProcessPath!, ["boot", .. arguments, "--foreground"]) { RedirectStandardOutput = true, WorkingDirectory = directory ?? "" };
        self.Environment["DRAGONET_DETACH"] = "1";
        using var child = Process.Start(self) ?? throw new CommandException("boot: no process could be started");
        // It keeps its first output until it serves, and says so there.
        if (child.StandardOutput.ReadLine() != Ready)
        {
            child.WaitForExit();
            throw new CommandException($"boot: kernel '{name}' did not start: {LastLine(paths.Log)}");
        }
    }

    private static string LastLine(string log)
    {
        try
        {
            return File.ReadLines(log).LastOrDefault() ?? "it said nothing";
        }
        catch (IOException failure)
        {
            return failure.Message;
        }
    }

    private int Stay(string name, bool detached)
    {
        var paths = ControlPaths.Of(name);
        paths.Make();
        using var starter = detached ? new FileStream("/proc/self/fd/1", FileMode.Open, FileAccess.Write) : null;
        if (detached)
        {
            HostSide.Detach(paths.Log, starter?.SafeFileHandle);
        }

        using var alive = KernelLife.Begin(paths, name);
        var clients = new ControlAccess(_group);
        using var listener = Listen(paths, clients);
        using var quiet = new QuietProcess();
        using var kernel = DragonetKernel.Boot(_settings.ToOptions(stays: true, quiet, name: name, console: _console));
        var server = new ControlServer(kernel, quiet, listener, clients, new Dictionary<string, string>
        {
            ["name"] = name,
            ["pid"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            ["memory"] = _settings.Memory.ToString(CultureInfo.InvariantCulture),
            ["version"] = DragonetKernel.Release,
            ["arguments"] = string.Join('\0', _arguments.Where(argument => argument is not ("-f" or "--foreground"))),
            ["directory"] = Environment.CurrentDirectory,
        });
        using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, Halt);
        using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, Halt);
        starter?.Write(System.Text.Encoding.ASCII.GetBytes(Ready + "\n"));
        starter?.Dispose();
        server.Run();
        return 0;

        void Halt(System.Runtime.InteropServices.PosixSignalContext context)
        {
            context.Cancel = true;
            server.Halt(TimeSpan.FromSeconds(ControlServer.Patience));
        }
    }

    private static Socket Listen(ControlPaths paths, ControlAccess clients)
    {
        File.Delete(paths.Socket); // of a kernel that is gone: we have its lock
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(paths.Socket));
        clients.Open(paths);
        socket.Listen(128);
        return socket;
    }
}
