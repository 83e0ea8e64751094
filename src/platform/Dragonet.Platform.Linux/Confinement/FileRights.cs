namespace Dragonet.Platform.Linux.Confinement;

/// <summary>What a confined process may do below a path.</summary>
public enum FileRights
{
    /// <summary>Read the names in directories, no file.</summary>
    List,

    /// <summary>Read.</summary>
    Read,

    /// <summary>Read and change.</summary>
    Write,
}
