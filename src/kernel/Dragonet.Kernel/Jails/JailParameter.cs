namespace Dragonet.Kernel;

/// <summary>A setting of a jail: its name, its values, its default, and how it may change.</summary>
/// <param name="Name">As jail(8) spells it.</param>
/// <param name="Kind">What values it takes.</param>
/// <param name="Default">The value of a new jail, in text.</param>
/// <param name="Summary">What it does.</param>
public sealed record JailParameter(string Name, JailParameterKind Kind, string Default, string Summary)
{
    /// <summary>It can be set when the jail is made, and not later.</summary>
    public bool OnlyAtCreation { get; init; }

    /// <summary>It is told, not set.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>A child may not have it when the jail above has not; taking it from a jail takes it from all below.</summary>
    public bool Inherited { get; init; }

    /// <summary>Smallest and largest number.</summary>
    public (long Least, long Most) Range { get; init; } = (0, int.MaxValue);

    /// <summary>Longest text.</summary>
    public int Length { get; init; } = 255;

    /// <summary>The words of a choice.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The name that means "off": allow.noraw_sockets, nopersist.</summary>
    public string NegativeName
    {
        get
        {
            var dot = Name.LastIndexOf('.') + 1;
            return $"{Name[..dot]}no{Name[dot..]}";
        }
    }
}
