using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/ns (namespaces(7)): everybody is in the first namespace of each kind.</summary>
internal sealed class NamespaceDirectory(ProcfsFileSystem owner, Subject subject, ulong number) : SubjectDirectory(owner, subject, 0x149, number)
{
    // Linux's numbers of the first namespaces.
    private static readonly (string Name, string Kind, ulong Number)[] s_kinds =
    [
        ("cgroup", "cgroup", 4026531835), ("ipc", "ipc", 4026531839), ("mnt", "mnt", 4026531841), ("net", "net", 4026531840), ("pid", "pid", 4026531836),
        ("pid_for_children", "pid", 4026531836), ("time", "time", 4026531834), ("time_for_children", "time", 4026531834), ("user", "user", 4026531837),
        ("uts", "uts", 4026531838),
    ];

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        for (var i = 0; i < s_kinds.Length; i++)
        {
            if (s_kinds[i].Name == name)
            {
                var (_, kind, id) = s_kinds[i];
                return new NamespaceLink(Procfs, Subject, kind, id, Subject.Number(NumberSpace.Namespaces, i));
            }
        }

        return Errno.ENOENT;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
        => [.. s_kinds.Select((k, i) => (k.Name, Subject.Number(NumberSpace.Namespaces, i), DirectoryType.DT_LNK))];
}
