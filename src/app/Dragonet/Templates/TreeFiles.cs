using System.IO;

namespace Dragonet.Templates;

/// <summary>Unpacks archives that nobody vouches for, for the user himself: without owners, and nothing becomes set-user-id.</summary>
public static class TreeFiles
{
    /// <summary>Unpacks a tar archive into a directory; nothing outside of it is touched.</summary>
    /// <exception cref="TemplateException">It is damaged or malicious.</exception>
    public static void Extract(Stream archive, string directory, TreeLimits? limits = null)
    {
        using var tree = new TreeWriter(directory, limits ?? new TreeLimits(), keepsOwners: false);
        TarImport.Read(archive, tree, isLayer: false);
    }
}
