using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/sys: host name and domain name can be set, the rest tells what is.</summary>
internal sealed class Sysctls(ProcfsFileSystem owner, Kernel.Kernel kernel)
{
    private static readonly (string Path, string Value)[] s_constants =
    [
        ("debug/exception-trace", "0"),
        ("fs/aio-max-nr", "65536"), ("fs/aio-nr", "0"), ("fs/dentry-state", "0\t0\t45\t0\t0\t0"), ("fs/epoll/max_user_watches", "1048576"),
        ("fs/file-max", "9223372036854775807"), ("fs/file-nr", "0\t0\t9223372036854775807"), ("fs/inode-nr", "0\t0"),
        ("fs/inotify/max_queued_events", "16384"), ("fs/inotify/max_user_instances", "128"), ("fs/inotify/max_user_watches", "65536"),
        ("fs/lease-break-time", "45"), ("fs/leases-enable", "1"), ("fs/mount-max", "10000"),
       
        ("fs/nr_open", "1048576"), ("fs/overflowgid", "65534"), ("fs/overflowuid", "65534"), ("fs/pipe-max-size", "1048576"),
        ("fs/pipe-user-pages-hard", "0"), ("fs/pipe-user-pages-soft", "16384"), ("fs/protected_fifos", "0"), ("fs/protected_hardlinks", "0"),
        ("fs/protected_regular", "0"), ("fs/protected_symlinks", "0"), ("fs/suid_dumpable", "0"),
        ("kernel/cap_last_cap", "40"), ("kernel/core_pattern", "core"), ("kernel/core_uses_pid", "0"), ("kernel/dmesg_restrict", "1"),
        ("kernel/kptr_restrict", "2"), ("kernel/ngroups_max", "65536"),
        ("kernel/ostype", "Linux"), ("kernel/overflowgid", "65534"), ("kernel/overflowuid", "65534"),
        ("kernel/panic", "0"), ("kernel/perf_event_paranoid", "4"), ("kernel/printk", "4\t4\t1\t7"), ("kernel/randomize_va_space", "2"),
        ("kernel/random/entropy_avail", "256"), ("kernel/random/poolsize", "256"), ("kernel/sched_autogroup_enabled", "0"),
        ("kernel/seccomp/actions_avail", "kill_process kill_thread trap errno user_notif trace log allow"),
        ("kernel/sysrq", "0"),
        ("kernel/tainted", "0"), ("kernel/unprivileged_userns_clone", "1"), ("kernel/version", UtsName.Version), ("kernel/yama/ptrace_scope", "1"),
        ("net/core/rmem_default", "212992"), ("net/core/rmem_max", "212992"), ("net/core/wmem_default", "212992"),
        ("net/core/wmem_max", "212992"), ("net/ipv4/tcp_available_congestion_control", "reno cubic"), ("net/ipv4/tcp_allowed_congestion_control", "reno cubic"), ("net/unix/max_dgram_qlen", "512"),
        ("vm/drop_caches", "0"), ("vm/max_map_count", "65530"), ("vm/mmap_min_addr", "65536"), ("vm/nr_hugepages", "0"), ("vm/overcommit_memory", "0"),
        ("vm/overcommit_ratio", "50"), ("vm/swappiness", "60"),
    ];

    private static readonly (string Family, string[] Names)[] s_interfaces =
    [
        ("ipv4", ["arp_announce", "arp_ignore", "forwarding", "rp_filter"]),
        ("ipv6", ["accept_ra", "autoconf", "disable_ipv6", "forwarding", "hop_limit", "mtu"]),
    ];

    // What each network stack has of its own, and what it begins with.
    private static readonly (string Name, string Value)[] s_network =
    [
        ("core/somaxconn", "4096"), ("ipv4/ip_default_ttl", "64"), ("ipv4/ip_forward", "0"), ("ipv4/ip_local_port_range", "32768\t60999"),
        ("ipv4/ip_unprivileged_port_start", "1024"), ("ipv4/tcp_congestion_control", "cubic"), ("ipv4/tcp_ecn", "2"), ("ipv4/tcp_fastopen", "1"),
        ("ipv4/tcp_fin_timeout", "60"),
        ("ipv4/tcp_keepalive_intvl", "75"), ("ipv4/tcp_keepalive_probes", "9"), ("ipv4/tcp_keepalive_time", "7200"), ("ipv4/tcp_syn_retries", "6"),
        ("ipv4/tcp_moderate_rcvbuf", "1"), ("ipv4/tcp_rmem", "4096\t131072\t6291456"), ("ipv4/tcp_syncookies", "1"), ("ipv4/tcp_wmem", "4096\t16384\t4194304"),
    ];

    /// <summary>Adds them.</summary>
    internal void Fill(StaticDirectory sys)
    {
        foreach (var (path, value) in s_constants)
        {
            Add(sys, path, () => value + "\n");
        }

        foreach (var (name, value) in s_network)
        {
            var parts = name.Split('/');
            sys.Directory("net").Directory(parts[0]).Add(parts[1], new TextFile(
                owner, caller => (kernel.Sockets.Network?.ReadSetting(caller, name) ?? value) + "\n",
                (caller, text) => kernel.Sockets.Network?.WriteSetting(caller, name, text) ?? Errno.EPERM));
        }

        foreach (var (family, names) in s_interfaces)
        {
            sys.Directory("net").Directory(family).Add("conf", new InterfaceDirectory(owner, kernel.Sockets, ["all", "default"], link => Settings(family, link, names)));
        }

        var kernelDirectory = sys.Directory("kernel");
        kernelDirectory.Add("hostname", Name(static uts => uts.NodeName, static (uts, value) => uts.NodeName = value));
        kernelDirectory.Add("domainname", Name(static uts => uts.DomainName, static (uts, value) => uts.DomainName = value));
        kernelDirectory.Add("osrelease", new TextFile(owner, caller => Jail.Of(caller, kernel).Uts.OsRelease + "\n"));
        kernelDirectory.Add("jail_env", new TextFile(owner, caller => Environment(Jail.Of(caller, kernel))));
        // What FreeBSD's sysctl(8) tells a jail about itself, under the same names.
        var security = sys.Directory("security").Directory("jail");
        security.Add("jailed", new TextFile(owner, caller => Jail.Of(caller, kernel).Parent is null ? "0\n" : "1\n"));
        security.Add("env", new TextFile(owner, caller => Environment(Jail.Of(caller, kernel))));
        security.Directory("children").Add("max", new TextFile(owner, caller => Jail.Of(caller, kernel).GetText(JailParameters.ChildrenMax) + "\n"));
        security.Directory("children").Add("cur", new TextFile(owner, caller => Jail.Of(caller, kernel).GetText(JailParameters.ChildrenCurrent) + "\n"));
        Add(sys, "kernel/pid_max", static () => PidTable.Max + "\n");
        Add(sys, "kernel/threads-max", () => kernel.Pids.Limit + "\n");
        new IpcSysctls(owner).Fill(kernelDirectory, sys.Directory("fs").Directory("mqueue"));
        sys.Directory("user").Add("max_user_namespaces", Most(static table => table.MaxUsers, static (table, most) => table.MaxUsers = most));
        sys.Directory("user").Add("max_mnt_namespaces", Most(static table => table.MaxMounts, static (table, most) => table.MaxMounts = most));
        var boot = Uuid();
        Add(sys, "kernel/random/boot_id", () => boot + "\n");
        Add(sys, "kernel/random/uuid", () => Uuid() + "\n");
    }

    /// <summary>net/ipvN/conf/INTERFACE.</summary>
    private StaticDirectory Settings(string family, string link, string[] names)
    {
        var directory = new StaticDirectory(owner);
        foreach (var name in names)
        {
            var path = $"{family}/conf/{link}/{name}";
            directory.Add(name, new TextFile(
                owner, caller => kernel.Sockets.Network?.ReadSetting(caller, path) + "\n",
                (caller, text) => kernel.Sockets.Network?.WriteSetting(caller, path, text) ?? Errno.EPERM));
        }

        return directory;
    }

    private static void Add(StaticDirectory directory, string path, Func<string> text)
    {
        var parts = path.Split('/');
        foreach (var part in parts[..^1])
        {
            directory = directory.Directory(part);
        }

        directory.Add(parts[^1], text);
    }

    /// <summary>What the outside says to the programs of a jail: the parameters env.KEY.</summary>
    private static string Environment(Jail jail)
        => string.Concat(jail.Keys.Where(static pair => pair.Key.StartsWith("env.", StringComparison.Ordinal)).Select(static pair => $"{pair.Key[4..]}={pair.Value}\n"));

    private TextFile Name(Func<UtsName, string> get, Action<UtsName, string> set)
        => new(owner, caller => get(Jail.Of(caller, kernel).Uts) + "\n", (caller, value) =>
        {
            var jail = Jail.Of(caller, kernel);
            if (!jail.MaySetNames(caller.Credentials))
            {
                return Errno.EPERM;
            }

            var end = value.AsSpan().IndexOfAny('\n', '\0');
            value = end < 0 ? value : value[..end];
            set(jail.Uts, value.Length > 64 ? value[..64] : value);
            return Errno.OK;
        });

    /// <summary>How many namespaces a user may have: the kernel's root says so.</summary>
    private TextFile Most(Func<NamespaceTable, int> get, Action<NamespaceTable, int> set)
        => new(owner, _ => get(kernel.Namespaces) + "\n", (caller, text) =>
        {
            if (Jail.Of(caller, kernel).Parent is not null || !caller.Credentials.Has(Capability.CAP_SYS_RESOURCE))
            {
                return Errno.EPERM;
            }

            if (!int.TryParse(text.Trim(), out var most) || most < 0)
            {
                return Errno.EINVAL;
            }

            set(kernel.Namespaces, most);
            return Errno.OK;
        });

    /// <summary>A random UUID, version 4.</summary>
    private string Uuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        kernel.Platform.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
