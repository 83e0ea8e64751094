namespace Dragonet.Control;

/// <summary>What is to be done around a jail when its kernel is halted: jail.conf(5)'s steps behind its start, which its kernel keeps.</summary>
public sealed class StopRequest
{
    /// <summary>exec.prestop: programs of jail 0 before anything else.</summary>
    public List<string> Before { get; set; } = [];

    /// <summary>exec.stop: programs in the jail.</summary>
    public List<string> Stop { get; set; } = [];

    /// <summary>exec.poststop: programs of jail 0 when the jail is removed.</summary>
    public List<string> After { get; set; } = [];

    /// <summary>Directories of jail 0 that were mounted for it, the last one first.</summary>
    public List<string> Unmount { get; set; } = [];

    /// <summary>exec.release: programs of jail 0 at the very end.</summary>
    public List<string> Release { get; set; } = [];

    /// <summary>stop.timeout: seconds that its programs have to end after SIGTERM.</summary>
    public int Timeout { get; set; }

    /// <summary>exec.timeout: seconds that each step has; 0 for as long as the halt.</summary>
    public int StepTimeout { get; set; }

    /// <summary>exec.system_user.</summary>
    public string? SystemUser { get; set; }

    /// <summary>exec.jail_user.</summary>
    public string? JailUser { get; set; }

    /// <summary>What its programs find in their environment: JNAME, JPATH and a plain one.</summary>
    public Dictionary<string, string> Environment { get; set; } = [];
}
