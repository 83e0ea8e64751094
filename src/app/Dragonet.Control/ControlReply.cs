namespace Dragonet.Control;

/// <summary>What a kernel answers.</summary>
public sealed class ControlReply
{
    /// <summary>What went wrong, in one line; null when nothing did.</summary>
    public string? Error { get; set; }

    /// <summary>The program was not found (127) or cannot be executed (126); 0 for other failures.</summary>
    public int ExitCode { get; set; }

    /// <summary>Jails, each with its parameters.</summary>
    public List<Dictionary<string, string>>? Jails { get; set; }

    /// <summary>Processes: number, jail, name.</summary>
    public List<ControlProcess>? Processes { get; set; }

    /// <summary>Numbers and texts by name.</summary>
    public Dictionary<string, string>? Values { get; set; }

    /// <summary>Rows of a table, with the same columns each.</summary>
    public List<Dictionary<string, string>>? Rows { get; set; }

    /// <summary>A text: what was printed.</summary>
    public string? Text { get; set; }
}
