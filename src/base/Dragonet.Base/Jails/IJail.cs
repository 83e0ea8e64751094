namespace Dragonet.Base;

/// <summary>A jail, as subsystems see it that keep state for each.</summary>
public interface IJail
{
    /// <summary>Its number; 0 for the kernel itself.</summary>
    int Id { get; }

    /// <summary>Its name, with those of the jails above it ("a.b").</summary>
    string Name { get; }

    /// <summary>The jail that it is in; null for jail 0.</summary>
    IJail? Above { get; }

    /// <summary>What a subsystem keeps for it.</summary>
    T Get<T>(JailLocal<T> slot)
        where T : class;
}
