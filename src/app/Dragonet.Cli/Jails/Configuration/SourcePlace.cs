namespace Dragonet.Cli.Jails.Configuration;

/// <summary>A place in a configuration file, for messages that point at it.</summary>
/// <param name="File">Its path.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Text">The whole line.</param>
internal readonly record struct SourcePlace(string File, int Line, int Column, string Text)
{
    /// <summary>A failure with the line, and a caret below the place.</summary>
    internal CommandException Fail(string what)
        => new($"{File}:{Line}: {what}\n    {Text.Replace('\t', ' ')}\n    {new string(' ', Math.Max(Column - 1, 0))}^");
}
