using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Control;
using Dragonet.Switching;

namespace Dragonet.Cli;

/// <summary>dragonet switch: a network between kernels, and what it tells of itself.</summary>
internal sealed class SwitchCommand
{
    private const string Ready = "ready";

    private string _path = ControlPaths.DefaultSwitch;
    private bool _isDefault = true;
    private uint? _group;
    private string? _tap;
    private string? _impairment;
    private string? _file;
    private int _ports = 1000;
    private bool _hub, _open, _noTrunk, _detached, _json, _confine = true;

    private SwitchCommand() => Options =
    [
        new("-p", "--path", "PATH", "where its socket is", value => (_path, _isDefault) = (Path.GetFullPath(value), false)),
        new("-g", "--group", "GROUP", "its members may connect, too", value => _group = ControlAccess.GroupOf("switch", value)),
        new("-d", "--detach", null, "it goes on by itself; what it says is in PATH.log", _ => _detached = true),
        new(null, "--tap", "NAME", "a TAP device of this machine is a port, too", value => _tap = value),
        new(null, "--hub", null, "every frame goes to everybody", _ => _hub = true),
        new(null, "--open", null, "senders are not checked", _ => _open = true),
        new(null, "--no-trunk", null, "nobody may have others behind him", _ => _noTrunk = true),
        new(null, "--ports", "N", "most ports (default 1000)", value => _ports = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var ports) && ports is > 0 and <= 1000 ? ports : throw new CommandException($"switch: --ports '{value}': write a number from 1 to 1000")),
        new(null, "--impair", "WORDS", "what every link does to frames: 'delay=20ms loss=1% seed=7'", value => _impairment = value),
        new(null, "--no-confine", null, "leave the process its rights on this machine (to debug it)", _ => _confine = false),
        new("-w", null, "FILE", "capture: where to; - for standard output", value => _file = value),
        new(null, "--json", null, "ls, fdb: for programs", _ => _json = true),
    ];

    internal IReadOnlyList<Option> Options { get; }

    internal static IReadOnlyList<Option> Describe() => new SwitchCommand().Options;

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var command = new SwitchCommand();
        var words = new List<string>();
        for (var rest = arguments; rest.Length > 0;)
        {
            rest = OptionParser.Parse("switch", rest, command.Options);
            if (rest.Length > 0)
            {
                words.Add(rest[0]);
                rest = rest[1..];
            }
        }

        return words switch
        {
            [] when command._detached => command.Start(arguments.ToArray()),
            [] => command.Serve(Environment.GetEnvironmentVariable("DRAGONET_DETACH") == "1"),
            ["ls"] => command.Print(static client => client.ListPorts()),
            ["fdb"] => command.Print(static client => client.ListAddresses()),
            ["impair", var port, _, ..] => command.Impair(port, words[2..]),
            ["capture"] => command.Capture(),
            _ => throw new CommandException($"switch: '{string.Join(' ', words)}': write ls, fdb, impair PORT|all WORD…, capture, or nothing to start one"),
        };
    }

    private int Start(string[] arguments)
    {
        Prepare();
        var self = new ProcessStartInfo(Environment.ProcessPath!, ["switch", .. arguments.Where(static word => word is not ("-d" or "--detach"))]) { RedirectStandardOutput = true };
        self.Environment["DRAGONET_DETACH"] = "1";
        using var child = Process.Start(self) ?? throw new CommandException("switch: no process could be started");
        // It keeps its first output until it serves, and says so there.
        if (child.StandardOutput.ReadLine() != Ready)
        {
            child.WaitForExit();
            return CommandException.Ours; // it said why
        }

        return 0;
    }

    private int Serve(bool detached)
    {
        Prepare();
        using var starter = detached ? new FileStream("/proc/self/fd/1", FileMode.Open, FileAccess.Write) : null;
        using var network = NetworkSwitch.Open(new NetworkSwitchOptions
        {
            Path = _path,
            Group = _group,
            Tap = _tap,
            IsHub = _hub,
            IsOpen = _open,
            AllowsTrunks = !_noTrunk,
            MaxPorts = _ports,
            Impairment = _impairment,
            Log = detached ? _path + ".log" : null,
            Kept = starter?.SafeFileHandle,
            ConfineProcess = _confine,
        });
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        if (starter is null)
        {
            Console.Error.WriteLine($"dragonet: switch: {_path}");
        }
        else
        {
            starter.Write(System.Text.Encoding.ASCII.GetBytes(Ready + "\n"));
            starter.Dispose();
        }

        network.Run();
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            network.Stop();
        }
    }

    private void Prepare()
    {
        if (_isDefault)
        {
            ControlPaths.MakeBase();
        }
    }

    private int Print(Func<SwitchClient, IReadOnlyList<IReadOnlyDictionary<string, string>>> list)
    {
        using var client = SwitchClient.Connect(_path);
        Rows.Print([.. list(client).Select(static row => new Dictionary<string, string>(row))], _json, "port", "name");
        return 0;
    }

    private int Impair(string port, List<string> words)
    {
        using var client = SwitchClient.Connect(_path);
        client.Impair(port, words);
        return 0;
    }

    private int Capture()
    {
        using var client = SwitchClient.Connect(_path);
        try
        {
            using var output = _file is null or "-" ? Console.OpenStandardOutput() : File.Create(_file);
            client.Capture(piece =>
            {
                output.Write(piece.Span);
                output.Flush();
            });
        }
        catch (Exception failure) when (_file is not (null or "-") && failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"switch capture: {failure.Message}");
        }
        catch (IOException)
        {
            return 0; // nobody reads any more
        }

        return 0;
    }
}
