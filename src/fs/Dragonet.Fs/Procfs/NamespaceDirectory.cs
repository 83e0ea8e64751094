using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/ns (namespaces(7)).</summary>
internal sealed class NamespaceDirectory(ProcfsFileSystem owner, Subject subject, ulong number) : SubjectDirectory(owner, subject, 0x149, number)
{
    private static readonly (string Name, CloneFlags Kind)[] s_kinds =
    [
        ("cgroup", CloneFlags.CLONE_NEWCGROUP), ("ipc", CloneFlags.CLONE_NEWIPC), ("mnt", CloneFlags.CLONE_NEWNS), ("net", CloneFlags.CLONE_NEWNET),
        ("pid", CloneFlags.CLONE_NEWPID), ("pid_for_children", CloneFlags.CLONE_NEWPID), ("time", CloneFlags.CLONE_NEWTIME),
        ("time_for_children", CloneFlags.CLONE_NEWTIME), ("user", CloneFlags.CLONE_NEWUSER), ("uts", CloneFlags.CLONE_NEWUTS),
    ];

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        for (var i = 0; i < s_kinds.Length; i++)
        {
            if (s_kinds[i].Name == name)
            {
                return new NamespaceLink(Procfs, Subject, s_kinds[i].Kind, Subject.Number(NumberSpace.Namespaces, i));
            }
        }

        return Errno.ENOENT;
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
        => [.. s_kinds.Select((k, i) => (k.Name, Subject.Number(NumberSpace.Namespaces, i), DirectoryType.DT_LNK))];
}
