namespace Dragonet;

/// <summary>What a finding about the host means.</summary>
public enum FindingLevel
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, slower.</summary>
    Slower,

    /// <summary>Works, with less.</summary>
    Missing,

    /// <summary>Nothing runs without it.</summary>
    Fatal,
}
