namespace Dragonet.Kernel;

/// <summary>How the use of a resource is known.</summary>
public enum ResourceCounting
{
    /// <summary>Charged when an object is made, given back when it goes: always exact.</summary>
    Charged,

    /// <summary>Looked up when somebody asks.</summary>
    Measured,

    /// <summary>So much in a second: measured, and forgotten with time.</summary>
    Rate,
}
