namespace Dragonet.Bench.Rows;

/// <summary>All rows, in the order of the tables, with the budgets of the first stage of the project.</summary>
internal static class RowList
{
    internal static List<Row> All() =>
    [
        Micro("getppid", "getppid (the kernel answers)", Budget.Absolute(6, "µs") with { Subject = "strict" }),
        Micro("getpid", "getpid (answered in the guest)", Budget.OfNative(1)),
        Micro("clock_gettime", "clock_gettime", Budget.OfNative(1)),
        Micro("write1", "write 1 B to /dev/null", Budget.Absolute(8, "µs")),
        Micro("read4k", "read 4 KiB of /dev/zero", null),
        Micro("stat", "stat", Budget.Absolute(8, "µs")),
        Micro("open_close", "open + close", Budget.Absolute(14, "µs")),
        Micro("pread4k", "pread 4 KiB", Budget.Absolute(8, "µs")),
        Micro("pwrite4k", "pwrite 4 KiB", null),
        Micro("create_unlink", "create + unlink", null),
        Micro("mmap_touch_munmap_64k", "mmap + touch + munmap 64 KiB", Budget.OfNative(1.3)),
        Micro("anon_fault", "anonymous page fault", Budget.OfNative(1.3)),
        Micro("futex_wake_private", "private futex wake", Budget.OfNative(1.3)),
        Micro("futex_handoff", "futex hand-off and back, two threads", Budget.OfNative(1.3)),
        Micro("pipe_self", "pipe write + read, one process", null),
        Micro("pipe_pingpong", "pipe ping-pong, two processes", new Budget("≤ 1 × gVisor", new Limit("gvisor", 1))),
        Micro("unix_pingpong", "UNIX socket ping-pong", null),
        Micro("tcp_pingpong", "TCP ping-pong over lo", new Budget("≤ 0.5 × gVisor", new Limit("gvisor", 0.5))),
        Micro("fork_exit_wait", "fork + exit + wait", Budget.OfNative(5)),
        Micro("fork_exec_true", "fork + exec /bin/true + wait", Budget.OfNative(3)),
        Micro("pthread_create_join", "pthread create + join", Budget.OfNative(4)),
        Micro("cpu_loop", "a million multiplications", Budget.OfNative(1.02)),
        Workload("sh_true", "100 × /bin/true from sh"),
        Workload("python_start", "Python start-up × 5"),
        Workload("gcc_small", "gcc -O2 × 5"),
        Workload("make_files", "make 2,000 files"),
        Workload("tar_create", "tar c of 2,000 files"),
        Workload("tar_extract", "tar x of 2,000 files"),
        Workload("find_grep", "find | grep, 2,000 files"),
        Workload("git_commit", "git init, add, commit"),
        Workload("sqlite", "SQLite, 1,000 transactions"),
        Workload("python_queue", "queue of two Python threads"),
        Workload("perl_fork", "200 forks in Perl"),
        Workload("malloc_churn", "malloc churn"),
        new WorkloadRow("cpu_loop_program", "a program that computes") { Budget = Budget.OfNative(1.02) },
        new BootRow { Budget = Budget.Absolute(150, "ms") },
        new IdleRow("idle_memory", "memory of an idle system (PSS)", Unit.Megabytes) { Budget = Budget.Absolute(60, "MB") },
        new IdleRow("idle_wakeups", "wake-ups of an idle system", Unit.PerSecond) { Budget = Budget.Absolute(0, "per second") },
    ];

    private static MicroRow Micro(string name, string title, Budget? budget) => new(name, title) { Budget = budget, AlsoBusy = true };

    private static WorkloadRow Workload(string name, string title)
        => new(name, title) { Budget = new Budget("≤ 3 × native, ≤ gVisor", new Limit("native", 3), new Limit("gvisor", 1)) };
}
