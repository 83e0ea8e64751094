using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/{uid_map,gid_map,setgroups} (user_namespaces(7)).</summary>
internal static class IdMapText
{
    /// <summary>The lines of a map: ids of the namespace, and what its parent calls them; for a reader of the namespace itself. To others they are
    /// shown as theirs.</summary>
    internal static string Map(UserNamespace? users, bool groups, Credentials reader)
    {
        if (users is null)
        {
            return "         0          0 4294967295\n";
        }

        var text = new StringBuilder();
        var seenFrom = ReferenceEquals(reader.Namespace, users) ? users.Parent : reader.Namespace;
        foreach (var extent in (groups ? users.Gids : users.Uids)?.Extents ?? [])
        {
            var outside = seenFrom is null ? extent.Outside : groups ? seenFrom.LocalGid(extent.Outside) : seenFrom.LocalUid(extent.Outside);
            _ = text.Append($"{extent.Inside,10} {outside,10} {extent.Count,10}\n");
        }

        return text.ToString();
    }

    internal static Errno SetUsers(Subject subject, Credentials opener, ICaller writer, string text) => Set(subject, false, opener, writer, text);

    internal static Errno SetGroups(Subject subject, Credentials opener, ICaller writer, string text) => Set(subject, true, opener, writer, text);

    internal static Errno SetSetGroups(Subject subject, Credentials opener, ICaller writer, string text)
        => text.Length >= 8 ? Errno.EINVAL
            : !opener.HasOwn(Capability.CAP_SYS_ADMIN, subject.Task.Credentials.Namespace) ? Errno.EACCES
            : IdMapWriter.SetGroups(subject.Task.Credentials.Namespace, text);

    private static Errno Set(Subject subject, bool groups, Credentials opener, ICaller writer, string text)
        => text.Length >= 4096 ? Errno.EINVAL
            : IdMapWriter.SetMap(subject.Kernel, subject.Task.Credentials.Namespace, groups, opener, writer.Credentials, text);
}
