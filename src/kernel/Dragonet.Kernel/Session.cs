namespace Dragonet.Kernel;

/// <summary>A session (setsid(2)). Guarded by the tree lock.</summary>
public sealed class Session
{
    internal Session(int id, Process leader)
    {
        Id = id;
        Leader = leader;
        Jail = leader.Jail;
    }

    /// <summary>The sid.</summary>
    public int Id { get; }

    /// <summary>The jail of its processes.</summary>
    public Jail Jail { get; }

    /// <summary>The session leader while it lives.</summary>
    public Process? Leader { get; internal set; }

    /// <summary>Its controlling terminal, or null.</summary>
    public IControllingTerminal? Terminal { get; set; }
}
