using System.Globalization;

namespace Dragonet.Kernel;

/// <summary>How many objects a kernel, or one jail of it, has at a moment (leak checks, dragonet census). Counted when asked for: the hot paths
/// know nothing of it.</summary>
public sealed record Census
{
    /// <summary>Jails in it that can be found.</summary>
    public int Jails { get; init; }

    /// <summary>Jails that were removed and are not gone.</summary>
    public int DyingJails { get; init; }

    /// <summary>Processes, zombies included, without init.</summary>
    public int Processes { get; init; }

    /// <summary>Tasks of these processes.</summary>
    public int Tasks { get; init; }

    /// <summary>Open file descriptions that descriptors refer to.</summary>
    public int OpenFiles { get; init; }

    /// <summary>Those of them that are sockets.</summary>
    public int Sockets { get; init; }

    /// <summary>Mounts, each counted once.</summary>
    public int Mounts { get; init; }

    /// <summary>User and mount namespaces that guests made.</summary>
    public int Namespaces { get; init; }

    /// <summary>System V objects and named POSIX queues.</summary>
    public int IpcObjects { get; init; }

    /// <summary>Abstract UNIX names.</summary>
    public int UnixNames { get; init; }

    /// <summary>Pseudo terminals.</summary>
    public int Terminals { get; init; }

    /// <summary>Timers that are armed, of the whole kernel.</summary>
    public int Timers { get; init; }

    /// <summary>Futexes that somebody waits for, of the whole kernel.</summary>
    public int Futexes { get; init; }

    /// <summary>Bytes that wait in pipes and sockets, of the whole kernel.</summary>
    public long BufferedBytes { get; init; }

    /// <summary>What the network stacks have, by name.</summary>
    public IReadOnlyList<KeyValuePair<string, long>> Network { get; init; } = [];

    /// <summary>What it counts, by name, as `dragonet census` prints it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Lines =>
    [
        Line("jails", Jails), Line("jails.dying", DyingJails), Line("processes", Processes), Line("tasks", Tasks), Line("files", OpenFiles),
        Line("sockets", Sockets), Line("mounts", Mounts), Line("namespaces", Namespaces), Line("ipc", IpcObjects), Line("unix.names", UnixNames), Line("terminals", Terminals),
        Line("timers", Timers), Line("futexes", Futexes), Line("buffered.bytes", BufferedBytes),
        .. Network.Select(static pair => Line(pair.Key, pair.Value)),
    ];

    private static KeyValuePair<string, string> Line(string name, long count) => new(name, count.ToString(CultureInfo.InvariantCulture));
}
