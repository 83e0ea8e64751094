using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>Finds "USER[:GROUP]" in the guest's own /etc/passwd and /etc/group.</summary>
internal sealed class UserLookup(Kernel.Kernel kernel, KernelCaller caller, VfsPath root)
{
    internal Credentials Find(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var user = colon < 0 ? text : text[..colon];
        var group = colon < 0 ? null : text[(colon + 1)..];
        var row = Rows("/etc/passwd").FirstOrDefault(fields => fields.Length >= 4 && (fields[0] == user || fields[2] == user));
        if (row is null && !uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new DragonetException($"user '{user}' is not in the guest's /etc/passwd: name one that is, or a number");
        }

        var uid = Number(row?[2] ?? user);
        var gid = group is null ? row is null ? uid : Number(row[3]) : GroupNumber(group);
        var name = row?[0];
        var groups = name is null || group is not null
            ? []
            : Rows("/etc/group").Where(fields => fields.Length >= 4 && fields[3].Split(',').Contains(name)).Select(fields => Number(fields[2])).ToList();
        return Credentials.User(uid, gid, groups);
    }

    private uint GroupNumber(string group)
    {
        var row = Rows("/etc/group").FirstOrDefault(fields => fields.Length >= 3 && (fields[0] == group || fields[2] == group));
        if (row is null && !uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new DragonetException($"group '{group}' is not in the guest's /etc/group: name one that is, or a number");
        }

        return Number(row?[2] ?? group);
    }

    private static uint Number(string text)
        => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new DragonetException($"'{text}' is no user or group number");

    private IEnumerable<string[]> Rows(string path)
        => GuestText.Read(kernel.Vfs, caller, new WalkContext(caller, root, root), path).Ok(out var text) ? text.Split('\n').Select(static line => line.Split(':')) : [];
}
