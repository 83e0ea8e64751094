namespace Dragonet.Templates;

/// <summary>A tree of files that jails start from, kept on the host.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Source">What it was made of.</param>
/// <param name="Made">When.</param>
/// <param name="Files">How many files and directories it has.</param>
/// <param name="Bytes">How many bytes are in its files.</param>
public sealed record Template(string Name, string Source, DateTimeOffset Made, long Files, long Bytes);
