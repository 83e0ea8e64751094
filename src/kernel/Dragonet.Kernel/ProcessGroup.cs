namespace Dragonet.Kernel;

/// <summary>A process group (credentials(7)). Guarded by the tree lock.</summary>
public sealed class ProcessGroup
{
    internal ProcessGroup(int id, Session session)
    {
        Id = id;
        Session = session;
    }

    /// <summary>The pgid.</summary>
    public int Id { get; }

    /// <summary>The session it belongs to.</summary>
    public Session Session { get; }

    internal List<Process> Members { get; } = [];
}
