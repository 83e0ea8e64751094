namespace Dragonet.Control;

/// <summary>What a command asks of a kernel.</summary>
public sealed class ControlRequest
{
    /// <summary>One of <see cref="ControlVerb"/>.</summary>
    public string Verb { get; set; } = "";

    /// <summary>Number or name of the jail it is about.</summary>
    public string? Jail { get; set; }

    /// <summary>Parameters for create and modify.</summary>
    public List<ControlSetting>? Settings { get; set; }

    /// <summary>A program to run: exec, and create with a command.</summary>
    public ExecRequest? Exec { get; set; }

    /// <summary>For create and modify: what is to be done around the jail when the kernel is halted.</summary>
    public StopRequest? Stop { get; set; }
}
