namespace Dragonet;

/// <summary>One thing that was looked at on the host.</summary>
/// <param name="Name">What.</param>
/// <param name="Level">How it is.</param>
/// <param name="Found">What was found.</param>
/// <param name="Meaning">What follows from it, and what to do.</param>
public sealed record Finding(string Name, FindingLevel Level, string Found, string Meaning);
