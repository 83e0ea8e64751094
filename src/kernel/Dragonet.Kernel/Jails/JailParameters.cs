namespace Dragonet.Kernel;

/// <summary>
/// Every parameter of a jail (jail(8)). This table is the only place: the command, jail.conf, the library and docs/jail-parameters.md follow
/// it. Defaults are FreeBSD's, but for IPC objects, which are the jail's own instead of forbidden.
/// </summary>
public static class JailParameters
{
    // --- Which jail it is ---
    public static JailParameter Jid { get; } = new("jid", JailParameterKind.Number, "", "Its number; the next free one when it is not given.") { OnlyAtCreation = true, Range = (1, Jails.MaxId) };
    public static JailParameter Name { get; } = new("name", JailParameterKind.Text, "", "Its name; the number when it is not given. A dot puts it into the jail before the dot.");
    public static JailParameter Parent { get; } = new("parent", JailParameterKind.Number, "0", "The number of the jail that it is in.") { ReadOnly = true };
    public static JailParameter Path { get; } = new("path", JailParameterKind.Text, "/", "The directory that becomes its root, in the tree of the jail it is in.") { OnlyAtCreation = true, Length = 4095 };
    public static JailParameter Overlay { get; } = new("overlay", JailParameterKind.Flag, "false", "Its root is a writable layer of its own, in memory, over the path, which stays as it is.") { OnlyAtCreation = true };
    public static JailParameter Sparse { get; } = new("sparse", JailParameterKind.Flag, "false", "With overlay: /usr, /bin, /sbin, /lib… and /opt stay read-only, as in a sparse-root zone; without, all of its root is writable (whole-root).") { OnlyAtCreation = true };
    public static JailParameter Persist { get; } = new("persist", JailParameterKind.Flag, "false", "It stays when its last process has ended.");
    public static JailParameter Dying { get; } = new("dying", JailParameterKind.Flag, "false", "It was removed, and its last processes are on their way out.") { ReadOnly = true };

    public static JailParameter Console { get; } = new("console", JailParameterKind.Text, "", "What runs on its console (/dev/console, `dragonet console`) and is started again whenever it ends: `login` for getty(8) and login(1), or a command of sh(1). The jail should persist.") { Length = 4095 };

    // --- What it seems to be ---
    public static JailParameter HostName { get; } = new("host.hostname", JailParameterKind.Text, "", "uname -n; the name of the jail above when it is not given.") { Length = 64 };
    public static JailParameter DomainName { get; } = new("host.domainname", JailParameterKind.Text, "(none)", "The NIS domain name.") { Length = 64 };
    public static JailParameter OsRelease { get; } = new("osrelease", JailParameterKind.Text, UtsName.Release, "uname -r.") { OnlyAtCreation = true, Length = 32 };
    public static JailParameter Meta { get; } = new("meta", JailParameterKind.Map, "", "Notes about it, by key, which only the outside sees. No text removes a key.");
    public static JailParameter Env { get; } = new("env", JailParameterKind.Map, "", "Notes for it, by key, which its programs read in /proc/sys/kernel/jail_env. No text removes a key.");

    // --- Jails in it ---
    public static JailParameter ChildrenMax { get; } = new("children.max", JailParameterKind.Number, "0", "How many jails may be in it, at all depths.") { Range = (0, Jails.MaxId) };
    public static JailParameter ChildrenCurrent { get; } = new("children.cur", JailParameterKind.Number, "0", "How many are.") { ReadOnly = true };

    // --- What it sees and may ---
    public static JailParameter SecureLevel { get; } = new("securelevel", JailParameterKind.Number, "-1", "The secure level; it only rises, and is never below that of the jail above. At 1 and above file flags (chattr) do not count as changeable.") { Range = (-1, 3) };
    public static JailParameter EnforceStatfs { get; } = new("enforce_statfs", JailParameterKind.Number, "2", "Mounts that it sees: 0 and 1 all of its own, 2 its root only.") { Range = (0, 2) };
    public static JailParameter SharedMemory { get; } = Ipc("sysvshm", "System V shared memory");
    public static JailParameter Semaphores { get; } = Ipc("sysvsem", "System V semaphores");
    public static JailParameter MessageQueues { get; } = Ipc("sysvmsg", "System V message queues");
    public static JailParameter AllowSetHostName { get; } = Allow("set_hostname", true, "Its root may set the host name and the domain name.");
    public static JailParameter AllowReservedPorts { get; } = Allow("reserved_ports", true, "Its root may bind ports below 1024 (CAP_NET_BIND_SERVICE).");
    public static JailParameter AllowDebug { get; } = Allow("unprivileged_proc_debug", true, "Its users may look into their own other processes (process_vm_readv, pidfd_getfd).");
    public static JailParameter AllowSuser { get; } = Allow("suser", true, "Its root has privileges at all; without, no capability counts.");
    public static JailParameter AllowRawSockets { get; } = Allow("raw_sockets", false, "Its root may open raw sockets (CAP_NET_RAW).");
    public static JailParameter AllowChflags { get; } = Allow("chflags", false, "Its root may change file flags (CAP_LINUX_IMMUTABLE).");
    public static JailParameter AllowMount { get; } = Allow("mount", false, "Its root may mount and unmount, with enforce_statfs below 2, what the parameters below allow.");
    public static JailParameter AllowMountTmpfs { get; } = Allow("mount.tmpfs", false, "… file systems in memory.");
    public static JailParameter AllowMountProcfs { get; } = Allow("mount.procfs", false, "… proc.");
    public static JailParameter AllowMountSysfs { get; } = Allow("mount.linsysfs", false, "… sysfs.");
    public static JailParameter AllowMountDevfs { get; } = Allow("mount.devfs", false, "… devtmpfs and devpts.");
    public static JailParameter AllowMountNullfs { get; } = Allow("mount.nullfs", false, "… directories on other directories (bind, nullfs, overlay).");
    public static JailParameter AllowMlock { get; } = Allow("mlock", false, "Its root may lock memory beyond RLIMIT_MEMLOCK (CAP_IPC_LOCK).");
    public static JailParameter AllowReadMessages { get; } = Allow("read_msgbuf", false, "Its root may read the kernel's log (CAP_SYSLOG).");
    public static JailParameter AllowSetTime { get; } = Allow("settime", false, "Its root may set the clock (CAP_SYS_TIME).");

    // --- Its network ---
    public static JailParameter Net { get; } = new("net", JailParameterKind.Text, "none", "What its network stack has besides lo: nothing (none), eth0 to the outside (user; for jails in jail 0, when the kernel was booted with a network), or eth0 in a network with other jails: NAME or NAME,ADDR[/LEN].") { OnlyAtCreation = true, Length = 80 };
    public static JailParameter NetAllow { get; } = new("net.allow", JailParameterKind.Text, "", "What it may reach, with commas between: any, host, names, *.names, addresses, networks, each with :PORT or without. What the kernel was booted with when it is not given; \"none\" for nothing.") { OnlyAtCreation = true, Length = 4095 };
    public static JailParameter NetPublish { get; } = new("net.publish", JailParameterKind.Text, "", "Ports of the host that lead to it, with commas between: [ADDR:]HOST:GUEST, with /udp for UDP.") { OnlyAtCreation = true, Length = 4095 };

    public static JailParameter Ip4 { get; } = Family("ip4", "IPv4");
    public static JailParameter Ip4Address { get; } = new("ip4.addr", JailParameterKind.Text, "", "Its IPv4 addresses of the stack of the jail it is in, with commas between: [INTERFACE|]ADDR[/LEN], the first is the primary one. LEN may be a mask (255.255.255.0). What the stack has not is added to the interface, else to that of `interface`, else to lo, and goes with the jail. Implies ip4=new. They may change while the jail runs: sockets that are bound stay so.") { Length = 4095 };
    public static JailParameter Ip4Select { get; } = new("ip4.saddrsel", JailParameterKind.Flag, "true", "It sends from the address of the way out when that is its own; without, always from its first one.") { OnlyAtCreation = true };
    public static JailParameter Ip6 { get; } = Family("ip6", "IPv6");
    public static JailParameter Ip6Address { get; } = new("ip6.addr", JailParameterKind.Text, "", "The same for IPv6.") { Length = 4095 };
    public static JailParameter Interface { get; } = new("interface", JailParameterKind.Text, "", "The interface of the jail it is in that its addresses are added to which name none.") { OnlyAtCreation = true, Length = 15 };
    public static JailParameter Ip6Select { get; } = new("ip6.saddrsel", JailParameterKind.Flag, "true", "The same for IPv6.") { OnlyAtCreation = true };

    public static JailParameter Vnet { get; } = new("vnet", JailParameterKind.Flag, "false", "Its network stack begins as a new one: lo is down and has no address.") { OnlyAtCreation = true };
    public static JailParameter VnetInterface { get; } = new("vnet.interface", JailParameterKind.Text, "", "Interfaces of the jail it is in that move into it, with commas between. They go home when it ends.") { OnlyAtCreation = true };

    // --- What it may use ---
    public static JailParameter CpuSet { get; } = new("cpuset", JailParameterKind.Text, "", "The processors that it sees and runs on: 0-3,7. All those of the jail it is in when it is not given.");
    public static JailParameter CpuShares { get; } = new("cpu.shares", JailParameterKind.Number, "100", "Its part of the processors when jails together want more than there is: 200 gets twice what 100 gets. Counts for jails in jail 0, with all in them.") { Range = (1, 65535) };
    public static JailParameter LimitProcesses { get; } = Limit("maxproc", "1024", "Processes.");
    public static JailParameter LimitThreads { get; } = Limit("nthr", "4096", "Threads of all processes.");
    public static JailParameter LimitOpenFiles { get; } = Limit("openfiles", "65536", "Descriptors of all processes.");
    public static JailParameter LimitMemory { get; } = Limit("memoryuse", "0", "Bytes of memory of all processes; when there is more, the worst of them is killed. 0 for what the kernel has.") with { Range = (0, long.MaxValue) };
    public static JailParameter LimitCpu { get; } = Limit("pcpu", "0", "Per cent of one processor that it uses at most: 150 for one and a half. 0 for all.");
    public static JailParameter LimitDisk { get; } = Limit("disk", "0", "Bytes of files in layers of its own (overlay), which are in memory; then ENOSPC. 0 for what its memory holds.") with { Range = (0, long.MaxValue) };
    public static JailParameter LimitTerminals { get; } = Limit("pseudoterminals", "256", "Pseudo terminals.");
    public static JailParameter LimitMessageQueues { get; } = Limit("nmsgq", "1024", "System V message queues.");
    public static JailParameter LimitMessages { get; } = Limit("msgqqueued", "65536", "Messages in System V queues.");
    public static JailParameter LimitMessageBytes { get; } = Limit("msgqsize", "67108864", "Bytes of messages in System V queues.") with { Range = (0, long.MaxValue) };
    public static JailParameter LimitSemaphores { get; } = Limit("nsem", "32000", "System V semaphores.");
    public static JailParameter LimitSegments { get; } = Limit("nshm", "4096", "System V shared memory segments.");
    public static JailParameter LimitSegmentBytes { get; } = Limit("shmsize", "0", "Bytes of System V shared memory; 0 for what the kernel has.") with { Range = (0, long.MaxValue) };

    /// <summary>All, in the order in which they are shown.</summary>
    public static IReadOnlyList<JailParameter> All { get; } =
    [
        Jid, Name, Parent, Path, Overlay, Sparse, Persist, Dying, Console, HostName, DomainName, OsRelease, Meta, Env, ChildrenMax, ChildrenCurrent, SecureLevel, EnforceStatfs,
        SharedMemory, Semaphores, MessageQueues, AllowSetHostName, AllowReservedPorts, AllowDebug, AllowSuser, AllowRawSockets, AllowChflags, AllowMount,
        AllowMountTmpfs, AllowMountProcfs, AllowMountSysfs, AllowMountDevfs, AllowMountNullfs, AllowMlock, AllowReadMessages, AllowSetTime,
        Net, NetAllow, NetPublish, Ip4, Ip4Address, Ip4Select, Ip6, Ip6Address, Ip6Select, Interface, Vnet, VnetInterface, CpuSet, CpuShares, LimitProcesses, LimitThreads, LimitOpenFiles, LimitMemory, LimitCpu, LimitDisk, LimitTerminals, LimitMessageQueues, LimitMessages, LimitMessageBytes, LimitSemaphores,
        LimitSegments, LimitSegmentBytes,
    ];

    /// <summary>Parameters that limit a resource, with docs/rctl.md's names behind "limit.".</summary>
    internal static IReadOnlyDictionary<Resource, JailParameter> Limits { get; } = All.Where(static parameter => parameter.Name.StartsWith("limit.", StringComparison.Ordinal))
        .ToDictionary(static parameter => ResourceKind.Find(parameter.Name["limit.".Length..])!.Resource);

    private static JailParameter Allow(string name, bool value, string summary)
        => new("allow." + name, JailParameterKind.Flag, value ? "true" : "false", summary) { Inherited = true };

    private static JailParameter Ipc(string name, string what)
        => new(name, JailParameterKind.Choice, "new", what + ": none, its own, or those of the jail it is in.") { Choices = ["disable", "new", "inherit"], OnlyAtCreation = true };

    private static JailParameter Family(string name, string what)
        => new(name, JailParameterKind.Choice, "own", what + ": a stack of its own (own), or that of the jail it is in: all its addresses (inherit), some (new), or none (disable).") { Choices = ["own", "new", "inherit", "disable"], OnlyAtCreation = true };

    private static JailParameter Limit(string name, string value, string summary) => new("limit." + name, JailParameterKind.Number, value, summary);
}
