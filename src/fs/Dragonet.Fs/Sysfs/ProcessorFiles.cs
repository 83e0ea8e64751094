using System.Globalization;
using System.Numerics;
using Dragonet.Fs.Processors;
using Dragonet.Fs.Synthetic;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Sysfs;

/// <summary>/sys/devices/system/cpu and .../node (Documentation/ABI/stable/sysfs-devices-system-cpu and -node): one package, one node.</summary>
internal static class ProcessorFiles
{
    /// <summary>Adds what is there of all processors and of each.</summary>
    internal static void FillProcessors(StaticDirectory cpu, Kernel.Kernel kernel)
    {
        foreach (var name in (string[])["online", "present"])
        {
            cpu.Add(name, caller => Of(caller, kernel).ToListText() + "\n");
        }

        // Numbers are below that of the last possible one, also where a cpuset of the host leaves some out.
        var all = kernel.Processors;
        var possible = ProcessorSet.Of(Enumerable.Range(0, all.Numbers[^1] + 1)).ToListText();
        cpu.Add("possible", () => possible + "\n");
        cpu.Add("offline", static () => "\n");
        cpu.Add("isolated", static () => "\n");
        cpu.Add("kernel_max", static () => "8191\n");
        foreach (var number in all.Numbers)
        {
            var directory = cpu.Directory("cpu" + Text(number));
            if (number != 0)
            {
                directory.Add("online", static () => "1\n");
            }

            FillTopology(directory.Directory("topology"), number, all);
            for (var i = 0; i < CpuId.Caches.Count; i++)
            {
                FillCache(directory.Directory("cache").Directory("index" + Text(i)), CpuId.Caches[i], number, all);
            }
        }
    }

    /// <summary>Adds the one node.</summary>
    /// <param name="node">.../node.</param>
    /// <param name="kernel">Whose processors it has.</param>
    internal static void FillNode(StaticDirectory node, Kernel.Kernel kernel)
    {
        foreach (var name in (string[])["online", "possible", "has_cpu", "has_memory", "has_normal_memory"])
        {
            node.Add(name, static () => "0\n");
        }

        var node0 = node.Directory("node0");
        node0.Add("cpulist", caller => Of(caller, kernel).ToListText() + "\n");
        node0.Add("cpumap", caller => Of(caller, kernel).ToMaskText() + "\n");
        node0.Add("distance", static () => "10\n");
        node0.Add("numastat", static () => "numa_hit 0\nnuma_miss 0\nnuma_foreign 0\ninterleave_hit 0\nlocal_node 0\nother_node 0\n");
        node0.Add("meminfo", caller => Memory(Jail.Of(caller, kernel)));
    }

    private static void FillTopology(StaticDirectory topology, int number, ProcessorSet all)
    {
        foreach (var (name, text) in (ReadOnlySpan<(string, string)>)[("core_id", Text(number)), ("physical_package_id", "0"), ("die_id", "0")])
        {
            topology.Add(name, () => text + "\n");
        }

        foreach (var (name, set) in (ReadOnlySpan<(string, ProcessorSet)>)
        [
            ("thread_siblings", ProcessorSet.Of([number])), ("core_cpus", ProcessorSet.Of([number])), ("core_siblings", all), ("package_cpus", all), ("die_cpus", all),
        ])
        {
            topology.Add(name, () => set.ToMaskText() + "\n");
            topology.Add(name + "_list", () => set.ToListText() + "\n");
        }
    }

    private static void FillCache(StaticDirectory directory, CpuCache cache, int number, ProcessorSet all)
    {
        var block = (int)BitOperations.RoundUpToPowerOf2((uint)cache.Sharers);
        var sharers = ProcessorSet.Of(all.Numbers.Where(other => other / block == number / block));
        foreach (var (name, text) in (ReadOnlySpan<(string, string)>)
        [
            ("level", Text(cache.Level)), ("type", cache.Kind), ("size", Text(cache.Size / 1024) + "K"), ("coherency_line_size", Text(cache.Line)),
            ("number_of_sets", Text(cache.Sets)), ("ways_of_associativity", Text(cache.Ways)), ("physical_line_partition", Text(cache.Partitions)),
            ("id", Text(number / block)), ("shared_cpu_list", sharers.ToListText()), ("shared_cpu_map", sharers.ToMaskText()),
        ])
        {
            directory.Add(name, () => text + "\n");
        }
    }

    private static string Memory(Jail jail)
    {
        var total = jail.MemoryTotal / 1024;
        var files = Math.Min(total, jail.Files.Used / 1024);
        var used = Math.Min(total - files, jail.MemoryUsed / 1024);
        return string.Concat(((ReadOnlySpan<(string, long)>)
            [("MemTotal:", total), ("MemFree:", total - used - files), ("MemUsed:", used + files), ("AnonPages:", used), ("Shmem:", files)])
            .ToArray().Select(static row => $"Node 0 {row.Item1,-15}{row.Item2,8} kB\n"));
    }

    private static ProcessorSet Of(ICaller caller, Kernel.Kernel kernel) => Jail.Of(caller, kernel).ProcessorSet;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
