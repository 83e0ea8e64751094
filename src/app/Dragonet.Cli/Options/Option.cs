namespace Dragonet.Cli.Options;

/// <summary>One option of a command: what parses it, documents it and completes it.</summary>
/// <param name="Short">"-v", or null.</param>
/// <param name="Long">"--volume", or null.</param>
/// <param name="Value">Name of its value for the help, or null for a flag.</param>
/// <param name="Help">One line.</param>
/// <param name="Apply">Takes the value ("" for a flag).</param>
internal sealed record Option(string? Short, string? Long, string? Value, string Help, Action<string> Apply)
{
    /// <summary>The value may be left out.</summary>
    internal bool OptionalValue { get; init; }

    /// <summary>Names as the help shows them.</summary>
    internal string Names => (Short, Long) switch
    {
        (not null, not null) => $"{Short}, {Long}",
        (not null, null) => Short,
        _ => $"    {Long}",
    };
}
