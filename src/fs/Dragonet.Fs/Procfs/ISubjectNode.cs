namespace Dragonet.Fs.Procfs;

/// <summary>A file that goes away with a process, a thread or a descriptor.</summary>
internal interface ISubjectNode
{
    /// <summary>False when a look-up of its name would no longer find it.</summary>
    bool IsCurrent { get; }
}
