using System.Globalization;
using System.IO;
using Dragonet.Platform.Linux;

namespace Dragonet;

/// <summary>Examines the host (dragonet doctor).</summary>
public static class HostReport
{
    /// <summary>Looks at everything that matters.</summary>
    public static IReadOnlyList<Finding> Examine()
    {
        var features = HostFeatures.Probe();
        var version = HostVersion.Current;
        var list = new List<Finding>
        {
            new("kernel", version >= new Version(5, 19) ? FindingLevel.Good : FindingLevel.Fatal, version.ToString(),
                "Linux 5.19 or later is needed: earlier ones lose guest calls that a signal interrupts"),
            Feature("seccomp notification", features.SeccompNotification, FindingLevel.Fatal, "guests cannot be fenced: the host's kernel lacks CONFIG_SECCOMP_FILTER or forbids it"),
            Feature("synchronous wake-up (Linux 6.6)", features.SynchronousWakeUp, FindingLevel.Slower, "everything runs; a system call costs about 11 µs instead of 4"),
            Feature("openat2", features.OpenAt2, FindingLevel.Fatal, "host directories cannot be shown safely"),
            Feature("Landlock", features.Landlock, FindingLevel.Missing, "the kernel process cannot give up its access to files; the filter on its system calls still holds"),
            Feature("reading guest memory", features.GuestMemory, FindingLevel.Fatal, "kernel.yama.ptrace_scope is 2 or 3: set it to 1 or 0"),
        };
        list.Add(new Finding("ptrace scope (Yama)", FindingLevel.Good, ReadLine("/proc/sys/kernel/yama/ptrace_scope") ?? "no Yama", ""));
        var files = features.OpenFiles;
        list.Add(new Finding("open files (hard limit)", files >= 4096 ? FindingLevel.Good : FindingLevel.Missing, files.ToString(CultureInfo.InvariantCulture),
            "guests can open fewer files at one time: raise it with ulimit -n"));
        list.Add(new Finding("limits of jails", FindingLevel.Good, "by our own count: no cgroup is needed, and none is used", ""));
        var cores = Environment.ProcessorCount;
        list.Add(new Finding("processors", cores > 1 ? FindingLevel.Good : FindingLevel.Slower, cores.ToString(CultureInfo.InvariantCulture),
            "kernel and guest share one processor"));
        return list;
    }

    private static Finding Feature(string name, bool present, FindingLevel otherwise, string meaning)
        => new(name, present ? FindingLevel.Good : otherwise, present ? "yes" : "no", meaning);

    private static string? ReadLine(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;
}
