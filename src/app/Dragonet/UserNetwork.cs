using System.Buffers.Binary;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using Dragonet.Base;
using Dragonet.Linux.Inet;
using Dragonet.Net;
using Dragonet.Platform.Linux.HostSockets;
using Dragonet.UserNet;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>The network of <see cref="NetworkOptions"/>. Made before the process is confined: then ports are taken and files read.</summary>
internal sealed class UserNetwork : IDisposable
{
    private const string Resolver = "/etc/resolv.conf";
    private const ushort NamePort = 53;

    /// <summary>Where guests find which servers know names.</summary>
    internal const string ResolverFile = "/etc/resolv.conf";


    private readonly HostNetwork _host = new();
    private readonly List<EgressRule>? _rules;
    private readonly List<OpenPort> _ports = [];
    private readonly List<Endpoint> _servers;
    private readonly Action<string>? _log;

    internal UserNetwork(NetworkOptions options, Action<string>? log)
    {
        _log = log;
        _rules = options.Allow?.Select(text => EgressRule.Parse(text) ?? throw new DragonetException(WrongRule(text))).ToList();
        var lines = ReadResolver();
        _servers = options.NameServers.Count > 0 ? [.. options.NameServers.Select(ParseServer)] : [.. lines.Where(line => line[0] == "nameserver" && line.Length > 1).Select(line => TryServer(line[1])).OfType<Endpoint>()];
        if (_servers.Count == 0)
        {
            _servers.Add(new Endpoint(IPAddress.LoopbackV4, NamePort)); // resolv.conf(5): the default
        }

        ResolverText = string.Concat(UserGateway.NameServers.Select(server => $"nameserver {server}\n"))
            + string.Concat(lines.Where(line => line[0] is "search" or "domain" or "options").Select(line => string.Join(' ', line) + "\n"));
        if (Open(options.Publish, _ports) is { } wrong)
        {
            Dispose();
            throw new DragonetException(wrong);
        }
    }

    /// <summary>What guests find as /etc/resolv.conf.</summary>
    internal string ResolverText { get; }

    /// <summary>Sockets of the host that are open for guests.</summary>
    internal int OpenSockets => _host.OpenSockets;

    /// <summary>What jail 0 may reach; null for everything outside.</summary>
    internal IReadOnlyList<EgressRule>? Rules => _rules;

    /// <summary>Gives jail 0 the way outside.</summary>
    internal void Join(MountNamespace mounts, JailLocal<NetworkStack> stacks, Kernel.Kernel kernel, KernelCaller caller)
    {
        Equip(kernel.Jails.Root, kernel.Jails.Root.Get(stacks), _rules, _ports);
        new EtcFile(kernel, caller, ResolverFile, ResolverText).Show(mounts);
    }

    /// <summary>Gives a stack the way outside.</summary>
    internal void Equip(IJail jail, NetworkStack stack, IReadOnlyList<EgressRule>? rules, IReadOnlyList<OpenPort> ports)
        => stack.Connect(enter => new UserGateway(stack.Stack, new UserNetOptions
        {
            Policy = new EgressPolicy(rules),
            NameServers = _servers,
            Ports = ports,
            Random = SecureRandom,
            Refused = rules is null ? null : text => _log?.Invoke($"network: {(jail.Id == 0 ? "" : jail.Name + ": ")}{text} (--allow)"),
            Number = (uint)jail.Id,
        }, _host, enter));

    /// <summary>Takes ports on the host; says what is wrong, or null.</summary>
    internal string? Open(IEnumerable<string> texts, List<OpenPort> ports)
    {
        foreach (var text in texts)
        {
            var wrong = PublishedPort.Parse(text) is not { } port ? "write [ADDR:]HOST:GUEST, with /udp for UDP"
                : OpenPort.Open(_host, port).Ok(out var open, out var error) ? Add(open)
                : error.ToString();
            if (wrong is not null)
            {
                ports.ForEach(each => each.Socket.Dispose());
                ports.Clear();
                return $"port '{text}' cannot be published: {wrong}";
            }
        }

        return null;

        string? Add(OpenPort open)
        {
            ports.Add(open);
            return null;
        }
    }

    /// <summary>What is said about a rule that is none.</summary>
    internal static string WrongRule(string text) => $"'{text}' cannot be allowed: write any, host, ADDR[/LEN][:PORT], NAME[:PORT] or *.NAME[:PORT]";

    public void Dispose() => _host.Dispose();

    private static ulong SecureRandom()
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private static List<string[]> ReadResolver()
    {
        try
        {
            return [.. File.ReadLines(Resolver).Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 0 && words[0][0] is not ('#' or ';'))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return []; // as resolv.conf(5) says: the defaults
        }
    }

    private static Endpoint ParseServer(string text) => TryServer(text) ?? throw new DragonetException($"'{text}' is no server of names: write ADDR or ADDR:PORT");

    /// <summary>"192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353".</summary>
    private static Endpoint? TryServer(string text)
    {
        var (address, port) = (text, NamePort.ToString(CultureInfo.InvariantCulture));
        var colon = text.LastIndexOf(':');
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
        {
            (address, port) = (text[1..end], end + 1 < text.Length && text[end + 1] == ':' ? text[(end + 2)..] : port);
        }
        else if (colon > 0 && text.IndexOf(':', StringComparison.Ordinal) == colon)
        {
            (address, port) = (text[..colon], text[(colon + 1)..]);
        }

        return !address.Contains('%', StringComparison.Ordinal) && System.Net.IPAddress.TryParse(address, out var parsed) && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new Endpoint(IPAddress.FromBytes(parsed.GetAddressBytes()), number)
            : null;
    }
}
