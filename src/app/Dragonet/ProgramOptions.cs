namespace Dragonet;

/// <summary>A program to start.</summary>
public sealed class ProgramOptions
{
    /// <summary>The program and its arguments. A name without a slash is looked up in PATH.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Its environment; a plain default (PATH, HOME, LANG) when null.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Where it starts; "/" when null.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>"USER[:GROUP]", names or numbers as the guest's /etc/passwd has them; root when null.</summary>
    public string? User { get; init; }

    /// <summary>Its standard input.</summary>
    public GuestStream Input { get; init; } = GuestStream.Null;

    /// <summary>Its standard output.</summary>
    public GuestStream Output { get; init; } = GuestStream.Null;

    /// <summary>Its standard error.</summary>
    public GuestStream Error { get; init; } = GuestStream.Null;

    /// <summary>It is killed when this time has passed; null for never.</summary>
    public TimeSpan? Timeout { get; init; }
}
