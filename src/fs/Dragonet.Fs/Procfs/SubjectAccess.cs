namespace Dragonet.Fs.Procfs;

/// <summary>Who may open a file of a process, besides what its mode says.</summary>
internal enum SubjectAccess
{
    /// <summary>Everybody.</summary>
    Everybody,

    /// <summary>Those who may trace the process.</summary>
    Inspectors,

    /// <summary>Nobody: memory is not read through files here.</summary>
    Nobody,
}
