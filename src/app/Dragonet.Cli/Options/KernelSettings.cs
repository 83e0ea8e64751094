using System.IO;
using Dragonet.Templates;

namespace Dragonet.Cli.Options;

/// <summary>What a user may say about a kernel, whether it stays (boot) or not (run): the options, and what becomes of them.</summary>
/// <param name="command">Whose options they are.</param>
internal sealed class KernelSettings(string command)
{
    internal const long DefaultMemory = 2L << 30;
    internal const string DefaultHostName = "dragonet";

    /// <summary>Bytes without which not even a shell and its libraries fit.</summary>
    private const long LeastMemory = 16L << 20;

    /// <summary>Tasks of a kernel that stays: its jails have limits of their own.</summary>
    private const int MostTasks = 32768;

    private readonly List<Volume> _volumes = [];
    private readonly NetworkArguments _network = new(command);
    private string? _root;
    private string? _upper;
    private int _processors;
    private bool _strict;
    private bool _confine = true;
    private ChannelUse _channels;

    internal IReadOnlyList<Option> Options =>
    [
        new(null, "--root", "DIR", "use DIR as the root, read-only under an in-memory layer", value => _root = ExistingDirectory(value)),
        new(null, "--upper", "DIR", "keep changes in DIR of this machine, for the next run", value => _upper = Path.GetFullPath(value)),
        new("-v", "--volume", "HOST:GUEST[:ro]", "show a host directory or file in the guest; may be repeated", value => _volumes.Add(ParseVolume(value))),
        new(null, "--hostname", "NAME", "name of the machine in the guest", value => HostName = value),
        new("-m", "--memory", "SIZE", "memory of all programs and files in memory together: 512M, 2G (default 2G)", value => Memory = ParseMemory(value)),
        .. _network.Options,
        new("-n", "--cpus", "N", "processors that programs see", value => _processors = ParseProcessors(value)),
        new(null, "--isolation", "default|strict", "strict: every system call goes to the kernel", value => _strict = ParseIsolation(value)),
        new(null, "--no-confine", null, "leave the kernel process its rights on this machine (to debug it)", _ => _confine = false),
        new(null, "--channels", "auto|always|bell|never", "serve calls through shared memory: auto: at once while a processor is idle, else by bell", value => _channels = ParseChannels(value)),
    ];

    internal string HostName { get; private set; } = DefaultHostName;

    internal long Memory { get; private set; } = DefaultMemory;

    /// <summary>True when something was said that only a kernel of one's own can have.</summary>
    internal bool ShapesTheMachine => _root is not null || _upper is not null || _volumes.Count > 0 || _strict || _network.HasServers;

    /// <summary>The parameters of a jail that has the network that was asked for; none when none was.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> JailNetwork => _network.ToParameters();

    /// <summary>How the kernel boots.</summary>
    /// <param name="stays">It has a control socket, and jails.</param>
    /// <param name="quiet">Keeps the process quiet meanwhile.</param>
    /// <param name="trace">Where decoded system calls go.</param>
    /// <param name="name">Its own, when it has one.</param>
    /// <param name="console">What runs on its console.</param>
    internal KernelOptions ToOptions(bool stays, QuietProcess quiet, Action<string>? trace = null, string? name = null, string? console = null) => new()
    {
        Name = name,
        Console = console,
        Root = _root,
        Upper = _upper,
        Templates = stays ? Store() : null,
        Volumes = _volumes,
        HostName = HostName,
        MemoryLimit = Memory,
        Processors = _processors,
        TaskLimit = stays ? MostTasks : new KernelOptions().TaskLimit,
        Strict = _strict,
        ConfineProcess = _confine,
        ServesSockets = stays,
        Log = line => Console.Error.WriteLine($"dragonet: {line}"),
        Channels = _channels,
        Quiet = quiet,
        Network = _network.Get(),
        Switch = _network.Switch,
        Trace = trace,
    };

    /// <summary>Where this user's templates are: a kernel that stays shows them.</summary>
    private static string Store()
    {
        TemplateStore.OfUser.Make();
        return TemplateStore.OfUser.Trees;
    }

    private Volume ParseVolume(string text)
    {
        var parts = text.Split(':');
        if (parts.Length is < 2 or > 3 || parts[0].Length == 0 || !parts[1].StartsWith('/') || (parts.Length == 3 && parts[2] is not ("ro" or "rw")))
        {
            throw new CommandException($"{command}: --volume '{text}': write HOST:GUEST or HOST:GUEST:ro, with GUEST an absolute path");
        }

        if (!Directory.Exists(parts[0]) && !File.Exists(parts[0]))
        {
            throw new CommandException($"{command}: --volume '{text}': there is no {parts[0]} here");
        }

        return new Volume(Path.GetFullPath(parts[0]), parts[1], parts.Length == 3 && parts[2] == "ro");
    }

    private string ExistingDirectory(string path)
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

        throw new CommandException($"{command}: --root {path}: no such directory, or it is not readable");
    }

    private long ParseMemory(string text)
        => Quantity.Size("--memory", text) is >= LeastMemory and var size ? size : throw new CommandException($"{command}: --memory '{text}' is too little: a kernel needs {LeastMemory >> 20}M at least");

    private int ParseProcessors(string text)
        => int.TryParse(text, out var count) && count is > 0 and <= 1024 ? count : throw new CommandException($"{command}: --cpus '{text}' is no number of processors");

    private ChannelUse ParseChannels(string text) => text switch
    {
        "auto" => ChannelUse.WhenIdle,
        "always" => ChannelUse.Always,
        "bell" => ChannelUse.ByBell,
        "never" => ChannelUse.Never,
        _ => throw new CommandException($"{command}: --channels '{text}': write auto, always, bell or never"),
    };

    private bool ParseIsolation(string text) => text switch
    {
        "default" => false,
        "strict" => true,
        _ => throw new CommandException($"{command}: --isolation '{text}': write default or strict"),
    };
}
