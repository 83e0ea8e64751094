using Dragonet.Abi;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Sysfs;

/// <summary>The one sysfs of a kernel.</summary>
internal sealed class SysfsFileSystem : SyntheticFileSystem
{
    private static readonly string[] s_empty =
    [
        "block", "bus", "class/block", "class/tty", "class/mem", "class/misc", "dev/block", "dev/char", "devices/virtual",
        "firmware", "fs/cgroup", "kernel/debug", "kernel/security", "kernel/tracing", "module", "power",
    ];

    private readonly StaticDirectory _root;

    internal SysfsFileSystem(Kernel.Kernel kernel)
        : base(kernel.Vfs, "sysfs", Magic.SYSFS_MAGIC)
    {
        _root = new StaticDirectory(this, 0x1ED, 1);
        foreach (var path in s_empty)
        {
            _ = Directory(path);
        }

        ProcessorFiles.FillProcessors(Directory("devices/system/cpu"), kernel);
        ProcessorFiles.FillNode(Directory("devices/system/node"), kernel);
        var pages = Directory("kernel/mm/transparent_hugepage");
        pages.Add("enabled", static () => "always [madvise] never\n");
        pages.Add("defrag", static () => "always defer defer+madvise [madvise] never\n");
        pages.Add("shmem_enabled", static () => "always within_size advise [never] deny force\n");
        pages.Add("hpage_pmd_size", static () => "2097152\n");
        _ = Directory("kernel/mm/hugepages");
        Directory("class").Add("net", new InterfaceDirectory(this, kernel.Sockets, [], link => Interface(kernel, link)));
    }

    /// <inheritdoc/>
    public override Inode Root => _root;

    private static readonly string[] s_interface =
    [
        "addr_len", "address", "broadcast", "carrier", "flags", "group", "ifindex", "iflink", "mtu", "operstate", "owner", "tun_flags", "tx_queue_len", "type",
    ];

    private static readonly string[] s_statistics = ["rx_bytes", "rx_packets", "tx_bytes", "tx_dropped", "tx_packets"];

    /// <summary>class/net/NAME: files that this kind of interface does not have are empty.</summary>
    private StaticDirectory Interface(Kernel.Kernel kernel, string link)
    {
        var directory = new InterfaceAttributes(this, caller => kernel.Sockets.Network?.ReadInterface(caller, link, "bridge/hash_max") is not null);
        foreach (var name in (ReadOnlySpan<string>)["hash_max", "multicast_snooping"])
        {
            var file = "bridge/" + name;
            directory.Directory("bridge").Add(name, new TextFile(this, caller => Line(kernel.Sockets.Network?.ReadInterface(caller, link, file)),
                (caller, text) => kernel.Sockets.Network?.WriteInterface(caller, link, file, text) ?? Errno.ENODEV));
        }

        directory.Directory("bridge").Add("multicast_querier", caller => Line(kernel.Sockets.Network?.ReadInterface(caller, link, "bridge/multicast_querier")));
        foreach (var name in s_interface)
        {
            directory.Add(name, caller => Line(kernel.Sockets.Network?.ReadInterface(caller, link, name)));
        }

        var statistics = directory.Directory("statistics");
        foreach (var name in s_statistics)
        {
            statistics.Add(name, caller => Line(kernel.Sockets.Network?.ReadInterface(caller, link, "statistics/" + name)));
        }

        return directory;

        static string Line(string? text) => text is null ? "" : text + "\n";
    }

    private StaticDirectory Directory(string path)
    {
        var directory = _root;
        foreach (var part in path.Split('/'))
        {
            directory = directory.Directory(part);
        }

        return directory;
    }
}
