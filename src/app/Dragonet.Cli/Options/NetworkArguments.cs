using Dragonet.Control;
using Dragonet.Switching;

namespace Dragonet.Cli.Options;

/// <summary>The options about the network, for commands that boot a kernel.</summary>
internal sealed class NetworkArguments
{
    private const string SwitchPrefix = "switch:";

    private readonly string _command;
    private readonly List<string> _allowed = [];
    private readonly List<string> _published = [];
    private readonly List<string> _servers = [];
    private string? _kind;
    private string? _switch;

    internal NetworkArguments(string command)
    {
        _command = command;
        Options =
        [
            new(null, "--net", "none|user|NAME|switch:PATH", "none: lo alone (default); user: everything outside of this machine, or what --allow says; NAME or NAME,ADDR: a network with other jails, with --name; switch:PATH[,ip=ADDR/LEN][,gw=ADDR][,mac=MAC][,mtu=N][,trunk]: other kernels, by 'dragonet switch'; may be repeated for user and switch", Take),
            new(null, "--allow", "WHAT[:PORT]", "let guests reach only this: NAME, *.NAME, ADDR[/LEN], any, or host (this machine, as 10.0.2.2); may be repeated", _allowed.Add),
            new("-p", "--publish", "[ADDR:]HOST:GUEST[/udp]", "a port here leads to one of the guest; without ADDR for this machine alone; may be repeated", _published.Add),
            new(null, "--dns", "ADDR[:PORT]", "ask this server about names instead of those of this machine; may be repeated", _servers.Add),
        ];
    }

    internal IReadOnlyList<Option> Options { get; }

    /// <summary>True when servers of names were given: they are the kernel's, not a jail's.</summary>
    internal bool HasServers => _servers.Count > 0;

    /// <summary>A switch between kernels; null for none.</summary>
    internal SwitchAddress? Switch => _switch is null ? null : SwitchAddress.Parse(_switch, ControlPaths.DefaultSwitch);

    /// <summary>The same as parameters of a jail.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> ToParameters() => _switch is not null
        ? throw new CommandException($"{_command}: --net switch: it is a kernel that is plugged in: give it to 'dragonet boot', and its jails a bridge with eth0") : IsLocal ? [new("net", _kind!)] : Get() is not { } options ? [] :
    [
        new("net", "user"),
        new("net.allow", options.Allow is null ? "any" : options.Allow.Count == 0 ? "none" : string.Join(',', options.Allow)),
        new("net.publish", string.Join(',', options.Publish)),
    ];

    /// <summary>Null for no network.</summary>
    internal NetworkOptions? Get()
    {
        if (IsLocal)
        {
            throw new CommandException($"{_command}: --net {_kind}: networks are between jails of a kernel that stays: give --name too");
        }

        var isAsked = _allowed.Count > 0 || _published.Count > 0 || _servers.Count > 0;
        if (_kind == "none" && isAsked)
        {
            throw new CommandException($"{_command}: --allow, --publish and --dns need a network: leave out --net none");
        }

        // A port that is published opens no way out.
        return _kind != "user" && !isAsked ? null : new NetworkOptions
        {
            Allow = _allowed.Count > 0 || (_kind is null && _published.Count > 0) ? _allowed : null,
            Publish = _published,
            NameServers = _servers,
        };
    }

    private bool IsLocal => _kind is not (null or "none" or "user") && (_allowed.Count + _published.Count + _servers.Count == 0
        ? true
        : throw new CommandException($"{_command}: --allow, --publish and --dns go with --net user, not with a network of jails"));

    private void Take(string text)
    {
        if (text == SwitchPrefix[..^1] || text.StartsWith(SwitchPrefix, StringComparison.Ordinal))
        {
            _switch = text.Length < SwitchPrefix.Length ? "" : text[SwitchPrefix.Length..];
            _ = Switch; // says what is wrong
        }
        else
        {
            _kind = Kind(text);
        }
    }

    private string Kind(string text) => text.Length > 0 && char.IsAsciiLetter(text[0]) ? text : throw new CommandException($"{_command}: --net '{text}': write none, user, switch:PATH or the name of a network");
}
