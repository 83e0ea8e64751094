using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux;

/// <summary>Who may look into another process (ptrace(2), "Ptrace access mode checking").</summary>
internal static class TraceAccess
{
    /// <summary>PTRACE_MODE_ATTACH_REALCREDS and PTRACE_MODE_READ_REALCREDS: the same user and group, whatever the target did with its ids,
    /// or privilege.</summary>
    internal static bool MayAttach(Task task, Process target)
    {
        var (mine, theirs) = (task.Credentials, target.Leader.Credentials);
        var isSame = mine.Uid == theirs.Uid && mine.Uid == theirs.EffectiveUid && mine.Uid == theirs.SavedUid
            && mine.Gid == theirs.Gid && mine.Gid == theirs.EffectiveGid && mine.Gid == theirs.SavedGid;
        return target == task.Process || mine.Has(Capability.CAP_SYS_PTRACE)
            || (isSame && task.Jail.Has(JailParameters.AllowDebug) && target.Dumpable == 1 && (theirs.Permitted & ~mine.Permitted) == 0);
    }
}
