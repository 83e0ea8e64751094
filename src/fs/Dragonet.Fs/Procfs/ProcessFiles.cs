using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Fs.Procfs;

/// <summary>The text files of a process directory.</summary>
internal static class ProcessFiles
{
    /// <summary>In the order of their inode numbers.</summary>
    internal static IReadOnlyList<SubjectEntry> All { get; } =
    [
        new("stat", 0x124, StatText.Make),
        new("status", 0x124, StatusText.Make),
        new("statm", StatText.Memory),
        new("comm", 0x1A4, static (s, _) => s.Task.Name + "\n", SetName),
        new("cmdline", MemoryText.CommandLine),
        SubjectEntry.Private("environ", 0x100, static (s, _) => MemoryText.Environment(s)),
        SubjectEntry.Private("auxv", 0x100, static (s, _) => MemoryText.AuxiliaryVector(s)),
        SubjectEntry.Private("maps", 0x124, MapsText.Maps),
        SubjectEntry.Private("smaps", 0x124, MapsText.Details),
        SubjectEntry.Private("smaps_rollup", 0x124, MapsText.Rollup),
        new("mem", 0x180, null, null, SubjectAccess.Nobody),
        new("limits", LimitsText.Make),
        new("mounts", 0x124, MountsText.Mounts),
        new("mountinfo", 0x124, MountsText.Info),
        SubjectEntry.Private("mountstats", 0x100, MountsText.Statistics),
        new("oom_score", static s => Score(s) + "\n"),
        new("oom_score_adj", 0x1A4, static (s, _) => s.Process.OomScoreAdjust + "\n", SetScoreAdjustment),
        new("oom_adj", 0x1A4, static (s, _) => (s.Process.OomScoreAdjust * 17 / 1000) + "\n"),
        new("wchan", static _ => "0"),
        new("cgroup", static _ => "0::/\n"),
        new("cpuset", static _ => "/\n"),
        new("uid_map", 0x1A4, static (s, caller) => IdMapText.Map(s.Task.Credentials.Namespace, groups: false, caller.Credentials)) { Writer = IdMapText.SetUsers },
        new("gid_map", 0x1A4, static (s, caller) => IdMapText.Map(s.Task.Credentials.Namespace, groups: true, caller.Credentials)) { Writer = IdMapText.SetGroups },
        new("projid_map", static s => s.Task.Credentials.Namespace is null ? "         0          0 4294967295\n" : ""),
        new("setgroups", 0x1A4, static (s, _) => s.Task.Credentials.Namespace is { MaySetGroups: false } ? "deny\n" : "allow\n") { Writer = IdMapText.SetSetGroups },
        new("loginuid", 0x1A4, static (s, caller) => $"{(s.Process.LoginUid == uint.MaxValue ? uint.MaxValue : caller.Credentials.ShownUid(s.Process.LoginUid))}", SetLoginUid),
        new("sessionid", static s => $"{s.Process.LoginSession}"),
        SubjectEntry.Private("personality", 0x100, static (_, _) => "00000000\n"),
        SubjectEntry.Private("io", 0x100, static (_, _) => "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n"),
        new("sched", Scheduling),
        new("schedstat", static s => $"{CpuTime(s)} 0 0\n"),
        new("coredump_filter", static _ => "00000033\n"),
        SubjectEntry.Private("timerslack_ns", 0x1B6, static (_, _) => "50000\n"),
    ];

    private static long CpuTime(Subject subject)
    {
        var (user, system) = subject.Process.CpuTime;
        return user + system;
    }

    private static string Scheduling(Subject subject)
        => $"{subject.Task.Name} ({subject.Id}, #threads: {subject.Kernel.Pids.TasksOf(subject.Process).Count})\n"
            + "-------------------------------------------------------------------\n"
            + $"se.sum_exec_runtime                          :{CpuTime(subject) / 1_000_000,14}.{CpuTime(subject) % 1_000_000:d6}\n"
            + $"policy                                       :{subject.Task.Policy,21}\n"
            + $"prio                                         :{120 + subject.Process.Nice,21}\n";

    /// <summary>proc_pid_oom_score(5): the share of the memory in thousandths, shifted by the adjustment.</summary>
    private static long Score(Subject subject)
    {
        // The kernel's badness goes down to minus one thousandth of all memory a point; the file shows it from 0 to 2000.
        var points = (subject.Space?.GetMemory() ?? 0) * 1000 / subject.Kernel.MemoryLimit + subject.Process.OomScoreAdjust;
        return subject.Space is null || subject.Process.OomScoreAdjust == -1000 ? 0 : Math.Max(0, (1000 + points) * 2 / 3);
    }

    private static Errno SetName(Subject subject, Vfs.ICaller caller, string text)
    {
        if (caller is not Task task || task.Process != subject.Process)
        {
            return Errno.EINVAL;
        }

        var end = text.IndexOf('\0', StringComparison.Ordinal);
        text = end < 0 ? text : text[..end];
        subject.Task.Name = text.Length > 15 ? text[..15] : text;
        return Errno.OK;
    }

    /// <summary>
    /// What pam_loginuid(8) writes for a new login. Only a process itself does so, once; CAP_AUDIT_CONTROL may do so again
    /// (/proc/PID/loginuid as in Linux' audit: ABI/stable/procfs-audit_loginuid). It is the whole process's here, not each thread's.
    /// </summary>
    private static Errno SetLoginUid(Subject subject, Vfs.ICaller caller, string text)
    {
        if (caller is not Task task || task.Process != subject.Process)
        {
            return Errno.EPERM;
        }

        if (!uint.TryParse(text.Trim(), out var uid) || (uid != uint.MaxValue && (uid = caller.Credentials.KernelUid(uid)) == uint.MaxValue))
        {
            return Errno.EINVAL;
        }

        if (subject.Process.LoginUid != uint.MaxValue && !caller.Credentials.Has(Capability.CAP_AUDIT_CONTROL))
        {
            return Errno.EPERM;
        }

        subject.Process.SetLogin(uid);
        return Errno.OK;
    }

    private static Errno SetScoreAdjustment(Subject subject, Vfs.ICaller caller, string text)
    {
        if (!int.TryParse(text.Trim(), out var value) || value is < -1000 or > 1000)
        {
            return Errno.EINVAL;
        }

        if (value < subject.Process.OomScoreAdjust && !caller.Credentials.Has(Capability.CAP_SYS_RESOURCE))
        {
            return Errno.EACCES;
        }

        subject.Process.OomScoreAdjust = value;
        return Errno.OK;
    }
}
