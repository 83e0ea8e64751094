using System.Text;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;

namespace Dragonet.Fs.Procfs;

/// <summary>The files of /proc itself.</summary>
internal sealed class SystemFiles(Kernel.Kernel kernel)
{
    private const long Tick = 10_000_000;

    private readonly LoadAverage _load = new();

    /// <summary>Adds them.</summary>
    internal void Fill(StaticDirectory root)
    {
        root.Add("meminfo", Memory);
        root.Add("cpuinfo", () => CpuInfoText.Make(kernel.Processors));
        root.Add("stat", Statistics);
        root.Add("uptime", Uptime);
        root.Add("loadavg", Load);
        root.Add("version", static () => $"Linux version {UtsName.Release} (dragonet) {UtsName.Version}\n");
        root.Add("filesystems", () => string.Concat(kernel.Vfs.Types.Types.Select(t => $"{(t.NeedsDevice ? "" : "nodev")}\t{t.Name}\n")));
        root.Add("cmdline", static () => "root=rootfs rw\n");
        root.Add("devices", static () => "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n 10 misc\n128 ptm\n136 pts\n\nBlock devices:\n");
        root.Add("partitions", static () => "major minor  #blocks  name\n\n");
        root.Add("swaps", static () => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
        root.Add("vmstat", VirtualMemory);
        root.Add("interrupts", () => "           " + string.Concat(kernel.Processors.Numbers.Select(i => $"CPU{i}       ")) + "\n");
        root.Add("softirqs", () => "                    " + string.Concat(kernel.Processors.Numbers.Select(i => $"CPU{i}       ")) + "\n");
        root.Add("misc", static () => "183 hw_random\n");
        root.Add("consoles", static () => "tty0                 -W- (EC  p  )    5:1\n");
        foreach (var empty in (ReadOnlySpan<string>)["crypto", "diskstats", "kallsyms", "locks", "modules"])
        {
            root.Add(empty, static () => "");
        }
    }

    /// <summary>CPU time of everything since boot, in nanoseconds; what was waited for is counted in the parents.</summary>
    private (long User, long System) TotalTime()
    {
        long user = 0, system = 0;
        foreach (var process in kernel.Jails.Root.VisibleProcesses)
        {
            var (ownUser, ownSystem) = process.CpuTime;
            var (childUser, childSystem) = process.ChildrenTime;
            user += ownUser + childUser;
            system += ownSystem + childSystem;
        }

        return (user, system);
    }

    private long SinceBoot => kernel.Clock.MonotonicNanoseconds - kernel.BootTime;

    private string Memory()
    {
        var total = kernel.MemoryLimit / 1024;
        var used = Math.Min(total, kernel.MemoryUsed / 1024);
        var free = total - used;
        var text = new StringBuilder();
        foreach (var (key, value) in (ReadOnlySpan<(string, long)>)
        [
            ("MemTotal:", total), ("MemFree:", free), ("MemAvailable:", free), ("Buffers:", 0), ("Cached:", 0), ("SwapCached:", 0),
            ("Active:", used), ("Inactive:", 0), ("Active(anon):", used), ("Inactive(anon):", 0), ("Active(file):", 0), ("Inactive(file):", 0),
            ("Unevictable:", 0), ("Mlocked:", 0), ("SwapTotal:", 0), ("SwapFree:", 0), ("Dirty:", 0), ("Writeback:", 0), ("AnonPages:", used),
            ("Mapped:", 0), ("Shmem:", 0), ("KReclaimable:", 0), ("Slab:", 0), ("SReclaimable:", 0), ("SUnreclaim:", 0), ("KernelStack:", 0),
            ("PageTables:", 0), ("NFS_Unstable:", 0), ("Bounce:", 0), ("WritebackTmp:", 0), ("CommitLimit:", total), ("Committed_AS:", used),
            ("VmallocTotal:", 34359738367), ("VmallocUsed:", 0), ("VmallocChunk:", 0), ("AnonHugePages:", 0), ("ShmemHugePages:", 0),
        ])
        {
            _ = text.Append($"{key,-16}{value,8} kB\n");
        }

        return text.Append("HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\nHugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n").ToString();
    }

    private string Statistics()
    {
        var (user, system) = TotalTime();
        var count = kernel.Processors.Count;
        var idle = Math.Max(0, (SinceBoot * count) - user - system);
        var text = new StringBuilder($"cpu  {user / Tick} 0 {system / Tick} {idle / Tick} 0 0 0 0 0 0\n");
        foreach (var i in kernel.Processors.Numbers)
        {
            _ = text.Append($"cpu{i} {user / count / Tick} 0 {system / count / Tick} {idle / count / Tick} 0 0 0 0 0 0\n");
        }

        var (running, _) = CountTasks();
        var boot = (kernel.Clock.RealtimeNanoseconds - SinceBoot) / 1_000_000_000;
        return text.Append($"intr 0\nctxt 0\nbtime {boot}\nprocesses {kernel.Forks}\nprocs_running {running}\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n").ToString();
    }

    private (int Running, int Total) CountTasks()
    {
        int running = 0, total = 0;
        foreach (var process in kernel.Jails.Root.VisibleProcesses)
        {
            foreach (var task in process.GetTasks())
            {
                total++;
                running += process != kernel.Init && task.StateLetter == 'R' ? 1 : 0;
            }
        }

        return (Math.Max(1, running), Math.Max(1, total));
    }

    private string Uptime()
    {
        var (user, system) = TotalTime();
        var up = SinceBoot;
        var idle = Math.Max(0, (up * kernel.Processors.Count) - user - system);
        return $"{up / 1e9:f2} {idle / 1e9:f2}\n";
    }

    private string Load()
    {
        var (user, system) = TotalTime();
        var (one, five, fifteen) = _load.Update(SinceBoot, user + system);
        var (running, total) = CountTasks();
        return $"{one:f2} {five:f2} {fifteen:f2} {running}/{total} {kernel.Pids.Last}\n";
    }

    private string VirtualMemory()
    {
        var used = kernel.MemoryUsed / 4096;
        return $"nr_free_pages {(kernel.MemoryLimit / 4096) - used}\nnr_inactive_anon 0\nnr_active_anon {used}\nnr_inactive_file 0\nnr_active_file 0\n"
            + $"nr_anon_pages {used}\nnr_mapped 0\nnr_file_pages 0\nnr_dirty 0\nnr_writeback 0\nnr_shmem 0\nnr_slab_reclaimable 0\nnr_slab_unreclaimable 0\n"
            + "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\npgalloc_normal 0\npgfree 0\npgfault 0\npgmajfault 0\n";
    }
}
