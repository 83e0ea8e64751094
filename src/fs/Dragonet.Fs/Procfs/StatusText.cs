using System.Text;
using Dragonet.Kernel;
using Dragonet.Fs.Sysfs;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/status.</summary>
internal static class StatusText
{
    /// <summary>The lines of proc_pid_status(5).</summary>
    internal static string Make(Subject subject, ICaller caller)
    {
        var process = subject.Process;
        var task = subject.Task;
        var c = task.Credentials;
        var reader = caller.Credentials;
        var text = new StringBuilder();
        Line("Name", Escape(task.Name));
        if (!process.IsZombie)
        {
            Line("Umask", "0" + Convert.ToString(task.Fs.Umask, 8).PadLeft(3, '0'));
        }

        Line("State", State(subject.State));
        Line("Tgid", $"{process.Pid}");
        Line("Ngid", "0");
        Line("Pid", $"{subject.Id}");
        Line("PPid", $"{process.Parent?.Pid ?? 0}");
        Line("TracerPid", "0");
        Line("Uid", $"{reader.ShownUid(c.Uid)}\t{reader.ShownUid(c.EffectiveUid)}\t{reader.ShownUid(c.SavedUid)}\t{reader.ShownUid(c.FsUid)}");
        Line("Gid", $"{reader.ShownGid(c.Gid)}\t{reader.ShownGid(c.EffectiveGid)}\t{reader.ShownGid(c.SavedGid)}\t{reader.ShownGid(c.FsGid)}");
        var descriptors = process.IsZombie ? [] : task.Files.List();
        Line("FDSize", $"{(process.IsZombie ? 0 : (descriptors.LastOrDefault() / 64 * 64) + 64)}");
        Line("Groups", string.Concat(c.Groups.Select(g => reader.ShownGid(g) + " ")) is { Length: > 0 } groups ? groups : " ");
        Line("NStgid", $"{process.Pid}");
        Line("NSpid", $"{subject.Id}");
        Line("NSpgid", $"{process.Group.Id}");
        Line("NSsid", $"{process.Session.Id}");
        Line("Kthread", "0");
        if (subject.Space is { } space)
        {
            var usage = space.GetUsage();
            var layout = process.Layout;
            var code = (long)(layout.CodeEnd - layout.CodeStart);
            Size("VmPeak", usage.Virtual);
            Size("VmSize", usage.Virtual);
            Size("VmLck", 0);
            Size("VmPin", 0);
            Size("VmHWM", usage.Resident);
            Size("VmRSS", usage.Resident);
            Size("RssAnon", usage.Resident - usage.Shared);
            Size("RssFile", usage.Shared);
            Size("RssShmem", 0);
            Size("VmData", usage.Data);
            Size("VmStk", (long)(layout.StackHigh - layout.StackLow));
            Size("VmExe", code);
            Size("VmLib", 0);
            Size("VmPTE", usage.Resident / 512);
            Size("VmSwap", 0);
            Size("HugetlbPages", 0);
            Line("CoreDumping", "0");
            Line("THP_enabled", "1");
        }

        var (own, shared) = task.PendingSets;
        var (ignored, caught) = Dispositions(process);
        Line("Threads", $"{Math.Max(1, subject.Kernel.Pids.TasksOf(process).Count)}");
        Line("SigQ", $"0/{process.Limits[Rlimits.SigPending].Soft}");
        Line("SigPnd", $"{own:x16}");
        Line("ShdPnd", $"{shared:x16}");
        Line("SigBlk", $"{task.SignalMask:x16}");
        Line("SigIgn", $"{ignored:x16}");
        Line("SigCgt", $"{caught:x16}");
        var counting = c.Limit?.Mask ?? ulong.MaxValue; // in a jail: those that count there
        Line("CapInh", $"{c.Inheritable:x16}");
        Line("CapPrm", $"{c.Permitted & counting:x16}");
        Line("CapEff", $"{c.Effective & counting:x16}");
        Line("CapBnd", $"{c.Bounding:x16}");
        Line("CapAmb", $"{c.Ambient:x16}");
        Line("NoNewPrivs", process.NoNewPrivileges ? "1" : "0");
        Line("Seccomp", "0");
        Line("Seccomp_filters", "0");
        Line("Speculation_Store_Bypass", "unknown");
        Line("SpeculationIndirectBranch", "unknown");
        Line("Cpus_allowed", task.Affinity.ToMaskText());
        Line("Cpus_allowed_list", task.Affinity.ToListText());
        Line("Mems_allowed", "1");
        Line("Mems_allowed_list", "0");
        Line("voluntary_ctxt_switches", "0");
        Line("nonvoluntary_ctxt_switches", "0");
        return text.ToString();

        void Line(string key, string value) => _ = text.Append(key).Append(":\t").Append(value).Append('\n');

        void Size(string key, long bytes) => Line(key, $"{Math.Max(bytes, 0) / 1024,8} kB");
    }

    /// <summary>Ignored and caught signals.</summary>
    internal static (ulong Ignored, ulong Caught) Dispositions(Process process)
    {
        ulong ignored = 0, caught = 0;
        if (process.IsZombie)
        {
            return (0, 0);
        }

        using (process.Kernel.TreeLock.Enter())
        {
            var actions = process.Actions;
            for (var signal = 1; signal <= Sig.Max; signal++)
            {
                var action = actions[signal];
                ignored |= action.IsIgnored ? Sig.Bit(signal) : 0;
                caught |= !action.IsIgnored && !action.IsDefault ? Sig.Bit(signal) : 0;
            }
        }

        return (ignored, caught);
    }

    private static string State(char letter) => letter switch
    {
        'R' => "R (running)",
        'S' => "S (sleeping)",
        'T' => "T (stopped)",
        'Z' => "Z (zombie)",
        _ => letter.ToString(),
    };

    private static string Escape(string name) => name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
