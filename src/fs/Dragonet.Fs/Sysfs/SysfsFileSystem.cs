using System.Globalization;
using Dragonet.Abi;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Sysfs;

/// <summary>The one sysfs of a kernel.</summary>
internal sealed class SysfsFileSystem : SyntheticFileSystem
{
    private static readonly string[] s_empty =
    [
        "block", "bus", "class/block", "class/net", "class/tty", "class/mem", "class/misc", "dev/block", "dev/char", "devices/virtual",
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

        string Range(ICaller caller) => Jail.Of(caller, kernel).ProcessorSet.ToListText() + "\n";
        var cpu = Directory("devices/system/cpu");
        foreach (var name in (string[])["online", "present"])
        {
            cpu.Add(name, Range);
        }

        // Numbers are below that of the last possible one, also where a cpuset of the host leaves some out.
        var possible = ProcessorSet.Of(Enumerable.Range(0, kernel.Processors.Numbers[^1] + 1)).ToListText();
        cpu.Add("possible", () => possible + "\n");

        cpu.Add("offline", static () => "\n");
        cpu.Add("isolated", static () => "\n");
        cpu.Add("kernel_max", static () => "8191\n");
        foreach (var i in kernel.Processors.Numbers)
        {
            Processor(cpu.Directory("cpu" + i.ToString(CultureInfo.InvariantCulture)), i, kernel.Processors);
        }

        var node = Directory("devices/system/node");
        foreach (var name in (string[])["online", "possible", "has_cpu", "has_memory"])
        {
            node.Add(name, static () => "0\n");
        }

        var node0 = node.Directory("node0");
        node0.Add("cpulist", Range);
        node0.Add("distance", static () => "10\n");
        var pages = Directory("kernel/mm/transparent_hugepage");
        pages.Add("enabled", static () => "always [madvise] never\n");
        pages.Add("defrag", static () => "always defer defer+madvise [madvise] never\n");
        pages.Add("shmem_enabled", static () => "always within_size advise [never] deny force\n");
        pages.Add("hpage_pmd_size", static () => "2097152\n");
        _ = Directory("kernel/mm/hugepages");
    }

    /// <inheritdoc/>
    public override Inode Root => _root;

    private static void Processor(StaticDirectory directory, int number, ProcessorSet all)
    {
        if (number != 0)
        {
            directory.Add("online", static () => "1\n");
        }

        var topology = directory.Directory("topology");
        var text = number.ToString(CultureInfo.InvariantCulture);
        topology.Add("core_id", () => text + "\n");
        topology.Add("physical_package_id", static () => "0\n");
        topology.Add("thread_siblings_list", () => text + "\n");
        topology.Add("core_siblings_list", () => all.ToListText() + "\n");
        topology.Add("thread_siblings", () => ProcessorSet.Of([number]).ToMaskText() + "\n");
        topology.Add("core_siblings", () => all.ToMaskText() + "\n");
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
