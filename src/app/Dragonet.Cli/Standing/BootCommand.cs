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
    private const int MostTasks = 32768;

    private readonly List<Volume> _volumes = [];
    private string? _root;
    private string? _upper;
    private string _hostName = "dragonet";
    private long _memory = 2L << 30;
    private int _processors;
    private bool _confine = true;
    private bool _foreground;

    private BootCommand() => Options =
    [
        new("-m", "--memory", "SIZE", "memory of all programs and files in memory together (default 2G)", value => _memory = Quantity.Size("--memory", value)),
        new("-n", "--cpus", "N", "processors that programs see", value => _processors = RunCommand.ParseProcessors(value)),
        new(null, "--root", "DIR", "use DIR as the root, read-only under an in-memory layer", value => _root = RunCommand.ExistingDirectory("--root", value)),
        new(null, "--upper", "DIR", "keep changes in DIR of this machine", value => _upper = Path.GetFullPath(value)),
        new("-v", "--volume", "HOST:GUEST[:ro]", "show a host directory or file in the guest; may be repeated", value => _volumes.Add(RunCommand.ParseVolume(value))),
        new(null, "--hostname", "NAME", "name of the machine in the guest", value => _hostName = value),
        new(null, "--no-confine", null, "leave the kernel process its rights on this machine (to debug it)", _ => _confine = false),
        new("-f", "--foreground", null, "stay on this terminal; end with ^C", _ => _foreground = true),
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
            return command.Stay(name, Environment.GetEnvironmentVariable("DRAGONET_DETACH") == "1");
        }

        Start(name, arguments.ToArray());
        return 0;
    }

    /// <summary>Boots a kernel that nobody has booted yet, with defaults.</summary>
    internal static void StartOnDemand(string name)
    {
        if (!ControlPaths.Of(name).IsAlive)
        {
            Start(name, [name]);
        }
    }

    private static void Start(string name, string[] arguments)
    {
        var paths = ControlPaths.Of(name);
        if (paths.IsAlive)
        {
            throw new CommandException($"boot: kernel '{name}' runs already");
        }

        var self = new ProcessStartInfo(Environment.ProcessPath!, ["boot", .. arguments, "--foreground"]) { UseShellExecute = false };
        self.Environment["DRAGONET_DETACH"] = "1";
        using var child = Process.Start(self) ?? throw new CommandException("boot: no process could be started");
        for (var wait = 5; ; wait = Math.Min(wait * 2, 50))
        {
            if (child.WaitForExit(wait))
            {
                throw new CommandException($"boot: kernel '{name}' did not start: {LastLine(paths.Log)}");
            }

            try
            {
                _ = ControlClient.Ask(name, new ControlRequest { Verb = ControlVerb.Info });
                return;
            }
            catch (ControlException) when (!child.HasExited)
            {
                // not yet
            }
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
        if (detached)
        {
            HostSide.Detach(paths.Log);
        }

        using var alive = TakeLock(paths, name);
        using var listener = Listen(paths);
        using var kernel = DragonetKernel.Boot(new KernelOptions
        {
            Root = _root,
            Upper = _upper,
            Volumes = _volumes,
            HostName = _hostName,
            MemoryLimit = _memory,
            Processors = _processors,
            TaskLimit = MostTasks,
            ConfineProcess = _confine,
            ServesSockets = true,
            Log = line => Console.Error.WriteLine($"dragonet: {line}"),
        });
        var server = new ControlServer(kernel, listener, new Dictionary<string, string>
        {
            ["name"] = name,
            ["pid"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
            ["memory"] = _memory.ToString(CultureInfo.InvariantCulture),
            ["version"] = DragonetKernel.Release,
        });
        using var interrupt = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGINT, Halt);
        using var terminate = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, Halt);
        server.Run();
        return 0;

        void Halt(System.Runtime.InteropServices.PosixSignalContext context)
        {
            context.Cancel = true;
            server.Halt();
        }
    }

    /// <summary>The lock that says that the kernel lives: it goes with the process, however that ends.</summary>
    private static FileStream TakeLock(ControlPaths paths, string name)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                var file = new FileStream(paths.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                File.WriteAllText(paths.ProcessId, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
                return file;
            }
            catch (IOException) when (tries < 20)
            {
                Thread.Sleep(5); // somebody looks whether we live
            }
            catch (IOException)
            {
                throw new CommandException($"boot: kernel '{name}' runs already");
            }
        }
    }

    private static Socket Listen(ControlPaths paths)
    {
        File.Delete(paths.Socket); // of a kernel that is gone: we have its lock
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(paths.Socket));
        File.SetUnixFileMode(paths.Socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        socket.Listen(128);
        return socket;
    }
}
