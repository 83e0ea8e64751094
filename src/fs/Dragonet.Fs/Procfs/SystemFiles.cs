using System.Runtime.CompilerServices;
using System.Text;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>The files of /proc itself: each jail reads about its own part of the machine.</summary>
internal sealed class SystemFiles(Kernel.Kernel kernel)
{
    private const long Tick = 10_000_000;

    private readonly ConditionalWeakTable<Jail, LoadAverage> _loads = [];

    /// <summary>Adds them.</summary>
    internal void Fill(StaticDirectory root)
    {
        root.Add("meminfo", caller => Memory(Of(caller)));
        root.Add("cpuinfo", caller => CpuInfoText.Make(Of(caller).ProcessorSet));
        root.Add("stat", caller => Statistics(Of(caller)));
        root.Add("uptime", caller => Uptime(Of(caller)));
        root.Add("loadavg", caller => Load(Of(caller)));
        root.Add("version", static () => $"Linux version {UtsName.Release} (dragonet) {UtsName.Version}\n");
        root.Add("filesystems", () => string.Concat(kernel.Vfs.Types.Types.Select(t => $"{(t.NeedsDevice ? "" : "nodev")}\t{t.Name}\n")));
        root.Add("cmdline", static () => "root=rootfs rw\n");
        root.Add("devices", static () => "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n 10 misc\n128 ptm\n136 pts\n\nBlock devices:\n");
        root.Add("partitions", static () => "major minor  #blocks  name\n\n");
        root.Add("swaps", static () => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        root.Add("vmstat", caller => VirtualMemory(Of(caller)));
        root.Add("interrupts", caller => "           " + string.Concat(Of(caller).ProcessorSet.Numbers.Select(i => $"CPU{i}       ")) + "\n");
        root.Add("softirqs", caller => "                    " + string.Concat(Of(caller).ProcessorSet.Numbers.Select(i => $"CPU{i}       ")) + "\n");
        root.Add("misc", static () => "183 hw_random\n");
        root.Add("consoles", static () => "tty0                 -W- (EC  p  )    5:1\n");
        foreach (var empty in (ReadOnlySpan<string>)["crypto", "diskstats", "kallsyms", "locks", "modules"])
        {
            root.Add(empty, static () => "");
        }
    }

    private Jail Of(ICaller caller) => Jail.Of(caller, kernel);

    /// <summary>CPU time of a jail since its beginning, in nanoseconds. How it divides is known of the processes that are there.</summary>
    private static (long User, long System) TotalTime(Jail jail)
    {
        long user = 0, system = 0;
        foreach (var process in jail.VisibleProcesses)
        {
            var (ownUser, ownSystem) = process.CpuTime;
            var (childUser, childSystem) = process.ChildrenTime;
            user += ownUser + childUser;
            system += ownSystem + childSystem;
        }

        var total = jail.CpuTime;
        system = Math.Min(system, total);
        return (total - system, system);
    }

    private long Age(Jail jail) => kernel.Clock.MonotonicNanoseconds - jail.StartTime;

    private string Memory(Jail jail)
    {
        var total = jail.MemoryTotal / 1024;
        var files = Math.Min(total, jail.Files.Used / 1024);
        var used = Math.Min(total - files, jail.MemoryUsed / 1024);
        var free = total - used - files;
        var text = new StringBuilder();
        foreach (var (key, value) in (ReadOnlySpan<(string, long)>)
        [
            ("MemTotal:", total), ("MemFree:", free), ("MemAvailable:", free), ("Buffers:", 0), ("Cached:", files), ("SwapCached:", 0),
            ("Active:", used), ("Inactive:", files), ("Active(anon):", used), ("Inactive(anon):", files), ("Active(file):", 0), ("Inactive(file):", 0),
            ("Unevictable:", 0), ("Mlocked:", 0), ("SwapTotal:", 0), ("SwapFree:", 0), ("Dirty:", 0), ("Writeback:", 0), ("AnonPages:", used),
            ("Mapped:", 0), ("Shmem:", files), ("KReclaimable:", 0), ("Slab:", 0), ("SReclaimable:", 0), ("SUnreclaim:", 0), ("KernelStack:", 0),
            ("PageTables:", 0), ("NFS_Unstable:", 0), ("Bounce:", 0), ("WritebackTmp:", 0), ("CommitLimit:", total), ("Committed_AS:", used),
            ("VmallocTotal:", 34359738367), ("VmallocUsed:", 0), ("VmallocChunk:", 0), ("AnonHugePages:", 0), ("ShmemHugePages:", 0),
        ])
        {
            _ = text.Append($"{key,-16}{value,8} kB\n");
        }

        return text.Append("HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n").ToString();
    }

    private string Statistics(Jail jail)
    {
        var (user, system) = TotalTime(jail);
        var count = jail.ProcessorSet.Count;
        var idle = Math.Max(0, (Age(jail) * count) - user - system);
        var text = new StringBuilder($"cpu  {user / Tick} 0 {system / Tick} {idle / Tick} 0 0 0 0 0 0\n");
        foreach (var i in jail.ProcessorSet.Numbers)
        {
            _ = text.Append($"cpu{i} {user / count / Tick} 0 {system / count / Tick} {idle / count / Tick} 0 0 0 0 0 0\n");
        }

        var (running, _) = CountTasks(jail);
        var boot = (kernel.Clock.RealtimeNanoseconds - Age(jail)) / 1_000_000_000;
        return text.Append($"intr 0\nctxt 0\nbtime {boot}\nprocesses {jail.Forks}\nprocs_running {running}\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n").ToString();
    }

    private (int Running, int Total) CountTasks(Jail jail)
    {
        int running = 0, total = 0;
        foreach (var process in jail.VisibleProcesses)
        {
            foreach (var task in process.GetTasks())
            {
                total++;
                running += process != kernel.Init && task.StateLetter == 'R' ? 1 : 0;
            }
        }

        return (Math.Max(1, running), Math.Max(1, total));
    }

    private string Uptime(Jail jail)
    {
        var (user, system) = TotalTime(jail);
        var up = Age(jail);
        var idle = Math.Max(0, (up * jail.ProcessorSet.Count) - user - system);
        return $"{up / 1e9:f2} {idle / 1e9:f2}\n";
    }

    private string Load(Jail jail)
    {
        var (user, system) = TotalTime(jail);
        var (one, five, fifteen) = _loads.GetOrCreateValue(jail).Update(Age(jail), user + system);
        var (running, total) = CountTasks(jail);
        return $"{one:f2} {five:f2} {fifteen:f2} {running}/{total} {kernel.Pids.Last}\n";
    }

    private string VirtualMemory(Jail jail)
    {
        var used = jail.MemoryUsed / 4096;
        return $"nr_free_pages {Math.Max(0, (jail.MemoryTotal - jail.Files.Used) / 4096 - used)}\nnr_inactive_anon 0\nnr_active_anon {used}\nnr_inactive_file 0\nnr_active_file 0\n"
            + $"nr_anon_pages {used}\nnr_mapped 0\nnr_file_pages 0\nnr_dirty 0\nnr_writeback 0\nnr_shmem 0\nnr_slab_reclaimable 0\nnr_slab_unreclaimable 0\n"
            + "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgalloc_normal 0\npgfree 0\npgfault 0\npgmajfault 0\n";
    }
}
