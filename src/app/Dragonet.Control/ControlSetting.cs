namespace Dragonet.Control;

/// <summary>A parameter and its value.</summary>
public sealed class ControlSetting
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its value; null for a flag.</summary>
    public string? Value { get; set; }
}
