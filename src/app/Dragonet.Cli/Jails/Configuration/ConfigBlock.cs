namespace Dragonet.Cli.Jails.Configuration;

/// <summary>The assignments for a jail, for those that a pattern names, or for all ("*", and what stands outside of blocks).</summary>
internal sealed record ConfigBlock(string Pattern, SourcePlace Place)
{
    internal List<ConfigStatement> Statements { get; } = [];

    internal bool IsPattern => Pattern == "*" || Pattern.EndsWith(".*", StringComparison.Ordinal);

    /// <summary>"*" is every jail, "foo.*" what is in foo.</summary>
    internal bool Matches(string name) => Pattern == "*" || (IsPattern ? name.StartsWith(Pattern[..^1], StringComparison.Ordinal) : name == Pattern);
}
