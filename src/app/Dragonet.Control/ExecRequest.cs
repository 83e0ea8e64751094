namespace Dragonet.Control;

/// <summary>A program to run in a jail.</summary>
public sealed class ExecRequest
{
    /// <summary>The program and its arguments.</summary>
    public List<string> Arguments { get; set; } = [];

    /// <summary>Its environment; a plain one when null.</summary>
    public Dictionary<string, string>? Environment { get; set; }

    /// <summary>Where it starts; "/" when null.</summary>
    public string? Directory { get; set; }

    /// <summary>"USER[:GROUP]" of the jail; root when null.</summary>
    public string? User { get; set; }

    /// <summary>It gets a terminal of this height; 0 for none.</summary>
    public int Rows { get; set; }

    /// <summary>The terminal's width.</summary>
    public int Columns { get; set; }

    /// <summary>Nobody is at its streams: it runs on by itself, and what it prints is kept (logs).</summary>
    public bool Detached { get; set; }

    /// <summary>The jail that is made for it stays, however the program ends. Without, one that fails takes its jail with it.</summary>
    public bool KeepsJail { get; set; }
}
