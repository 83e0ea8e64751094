namespace Dragonet.Networking;

/// <summary>What to look at.</summary>
public sealed class CaptureOptions
{
    /// <summary>A jail; all, also those that are made later, when null.</summary>
    public string? Jail { get; init; }

    /// <summary>An interface, of jail 0 when no jail is named; all when null.</summary>
    public string? Interface { get; init; }

    /// <summary>Lines of text instead of a pcapng file.</summary>
    public bool AsText { get; init; }
}
