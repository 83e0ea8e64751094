namespace Dragonet.Control;

/// <summary>A process of a kernel.</summary>
public sealed class ControlProcess
{
    /// <summary>Its number.</summary>
    public int Pid { get; set; }

    /// <summary>The name of its jail.</summary>
    public string Jail { get; set; } = "";

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";
}
