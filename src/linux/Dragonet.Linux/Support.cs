namespace Dragonet.Linux;

/// <summary>How much of a system call works.</summary>
public enum Support
{
    /// <summary>All that its manual page says and that has a meaning here.</summary>
    Full,

    /// <summary>Something is missing; the note says what.</summary>
    Partial,

    /// <summary>Always answers the errno that a Linux without the feature gives; the note says why.</summary>
    Refused,
}
