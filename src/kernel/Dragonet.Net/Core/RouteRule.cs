namespace Dragonet.Net;

/// <summary>A rule of policy routing (ip-rule(8)).</summary>
/// <param name="IsV4">Of which family.</param>
/// <param name="Priority">The smallest is looked at first.</param>
/// <param name="Table">The table to look into, when <see cref="Kind"/> is <see cref="RouteKind.Unicast"/>.</param>
public sealed record RouteRule(bool IsV4, uint Priority, uint Table)
{
    /// <summary>What is done with what fits, when it is not looked up.</summary>
    public RouteKind Kind { get; init; }

    /// <summary>What fits goes on with the first rule of this priority, which is larger ("goto"); with the next rule while there is none.</summary>
    public uint? Target { get; init; }

    /// <summary>What fits goes on with the next rule ("nop"): a place to go to.</summary>
    public bool IsNop { get; init; }

    /// <summary>Packets of this network only.</summary>
    public Prefix? From { get; init; }

    /// <summary>Packets to this network only.</summary>
    public Prefix? To { get; init; }

    /// <summary>Packets with this mark only, as far as <see cref="Mask"/> goes.</summary>
    public uint Mark { get; init; }

    /// <summary>Bits of the mark that count.</summary>
    public uint Mask { get; init; }

    /// <summary>Packets that came in here only; lo stands for this machine's own.</summary>
    public string? Input { get; init; }

    /// <summary>Packets of sockets that are bound to this interface only.</summary>
    public string? Output { get; init; }

    /// <summary>Everything but what fits ("not").</summary>
    public bool IsInverted { get; init; }

    /// <summary>Routes with prefixes of at most this length do not count; -1 for none.</summary>
    public int SuppressedLength { get; init; } = -1;

    /// <summary>Who made it (RTPROT_*).</summary>
    public byte Protocol { get; init; }

    /// <summary>True for a packet that it is about (fib_rule_match of Linux).</summary>
    public bool Fits(IPAddress destination, in RouteQuery query, Interface? only) => IsInverted != (
        (To is not { } to || to.Contains(destination))
        && (From is not { } from || from.Contains(query.Source ?? (IsV4 ? IPAddress.AnyV4 : IPAddress.AnyV6)))
        && ((query.Mark ^ Mark) & Mask) == 0
        && (Input is null || Input == (query.Input is { IsLoopback: false } link ? link.Name : "lo"))
        && (Output is null || Output == only?.Name));
}
