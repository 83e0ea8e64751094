namespace Dragonet.Guest.Tests;

/// <summary>What a program did.</summary>
public sealed record ProgramOutcome(int Status, string Output, string Error);
