namespace Dragonet.Cli.Jails.Configuration;

/// <summary>A word or a mark of jail.conf(5).</summary>
/// <param name="Mark">"{", "}", "=", "+=", ";" or ","; null for a word; "" at the end.</param>
/// <param name="Parts">Of a word: texts, and names of variables that stand between them.</param>
/// <param name="IsQuoted">The word had quotes, so it is never special.</param>
/// <param name="Place">Where it is.</param>
internal sealed record ConfigToken(string? Mark, IReadOnlyList<(string Text, bool IsVariable)> Parts, bool IsQuoted, SourcePlace Place)
{
    /// <summary>A word without variables.</summary>
    internal string Plain => string.Concat(Parts.Select(part => part.IsVariable ? "${" + part.Text + "}" : part.Text));

    /// <summary>Its words with the variables' values.</summary>
    internal string Expand(Func<string, string?> variable)
        => string.Concat(Parts.Select(part => !part.IsVariable ? part.Text : variable(part.Text) ?? throw Place.Fail($"variable \"{part.Text}\" not found")));
}
