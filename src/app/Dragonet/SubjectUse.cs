namespace Dragonet;

/// <summary>What somebody has of each resource.</summary>
/// <param name="Subject">As in rules: "jail:www".</param>
/// <param name="Amounts">By resource.</param>
public sealed record SubjectUse(string Subject, IReadOnlyList<ResourceAmount> Amounts);
