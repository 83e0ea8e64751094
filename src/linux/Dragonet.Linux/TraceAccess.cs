using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Who may look into another process (ptrace(2), "Ptrace access mode checking").</summary>
internal static class TraceAccess
{
    /// <summary>CAP_SYS_PTRACE over a process: over its user namespace and, while it is not dumpable, over the one that its program was started in.</summary>
    private static bool HasOver(Credentials mine, Process target)
        => mine.Has(Capability.CAP_SYS_PTRACE, target.Leader.Credentials.Namespace)
            && (target.Dumpable == 1 || mine.Has(Capability.CAP_SYS_PTRACE, target.ProgramNamespace));

    /// <summary>PTRACE_MODE_ATTACH_REALCREDS and PTRACE_MODE_READ_REALCREDS: the same user and group, whatever the target did with its ids,
    /// or privilege.</summary>
    internal static bool MayAttach(Task task, Process target)
    {
        var (mine, theirs) = (task.Credentials, target.Leader.Credentials);
        var isSame = mine.Uid == theirs.Uid && mine.Uid == theirs.EffectiveUid && mine.Uid == theirs.SavedUid
            && mine.Gid == theirs.Gid && mine.Gid == theirs.EffectiveGid && mine.Gid == theirs.SavedGid;
        return target == task.Process || HasOver(mine, target)
            || (isSame && task.Jail.Has(JailParameters.AllowDebug) && target.Dumpable == 1
                && ReferenceEquals(mine.Namespace, theirs.Namespace) && (theirs.Permitted & ~mine.Permitted) == 0);
    }
}
