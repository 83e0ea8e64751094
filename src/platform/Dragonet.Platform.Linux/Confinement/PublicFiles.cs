using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.HostFiles;

namespace Dragonet.Platform.Linux.Confinement;

/// <summary>What everybody on the host may read: for a kernel process of root, which passwords and keys must be out of reach of, too.</summary>
public static class PublicFiles
{
    /// <summary>The files below a directory that others may read, in as few grants as possible: a directory without secrets is one.</summary>
    /// <param name="path">Absolute path on the host; one that cannot be opened has none.</param>
    /// <remarks>Every boot of root walks through /etc: of each name the system's call for it, once.</remarks>
    public static IReadOnlyList<FileGrant> Below(string path)
    {
        var grants = new List<FileGrant>();
        if (HostDirectories.Open(path).Ok(out var directory, out _))
        {
            using (directory)
            {
                _ = Add(directory, path, grants);
            }
        }

        return grants;
    }

    /// <returns>Nothing below it is a secret.</returns>
    private static bool Add(IHostDirectory directory, string path, List<FileGrant> grants)
    {
        var first = grants.Count;
        var whole = directory.List().Ok(out var entries, out _);
        foreach (var entry in entries ?? [])
        {
            // A link leads to something that is granted or not by itself.
            if (entry.Type != DirectoryType.DT_LNK)
            {
                // What cannot be looked at may be a secret.
                whole &= directory.GetAttributes(entry.Name, out var attributes) == Errno.OK
                    && ((attributes.Mode & StatMode.S_IFMT) == StatMode.S_IFLNK
                        || ((attributes.Mode & StatMode.S_IROTH) != 0 && Add(directory, entry.Name, attributes.Mode, $"{path}/{PathText(entry.Name)}", grants)));
            }
        }

        if (whole)
        {
            grants.RemoveRange(first, grants.Count - first);
        }

        grants.Add(new FileGrant(path, whole ? FileRights.Read : FileRights.List));
        return whole;
    }

    private static bool Add(IHostDirectory parent, string name, uint mode, string path, List<FileGrant> grants)
    {
        if ((mode & StatMode.S_IFMT) != StatMode.S_IFDIR)
        {
            grants.Add(new FileGrant(path, FileRights.Read));
            return true;
        }

        if (!parent.OpenDirectory(name).Ok(out var child, out _))
        {
            return false;
        }

        using (child)
        {
            return Add(child, path, grants);
        }
    }

    private static string PathText(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
}
