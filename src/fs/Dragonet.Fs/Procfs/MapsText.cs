using System.Text;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/maps, smaps and smaps_rollup.</summary>
internal static class MapsText
{
    private const int NameColumn = 73;

    /// <summary>One line for each mapping (proc_pid_maps(5)).</summary>
    internal static string Maps(Subject subject, ICaller caller)
    {
        var text = new StringBuilder();
        foreach (var region in Regions(subject))
        {
            Append(text, subject, caller, region);
        }

        return text.ToString();
    }

    /// <summary>maps with sizes. The host counts pages for the whole address space: what is resident is shown at the lowest mappings
    /// of its kind first, so that only the sums are exact.</summary>
    internal static string Details(Subject subject, ICaller caller)
    {
        var text = new StringBuilder();
        var regions = Regions(subject);
        var resident = Spread(regions, subject.Space?.GetUsage() ?? default);
        for (var i = 0; i < regions.Count; i++)
        {
            var region = regions[i];
            Append(text, subject, caller, region);
            _ = text.Append($"Size:           {(long)(region.End - region.Start) / 1024,8} kB\n")
                .Append("KernelPageSize:        4 kB\nMMUPageSize:           4 kB\n");
            Counters(text, resident[i], region.Backing is not null || region.Shared ? resident[i] : 0);
            _ = text.Append("THPeligible:           0\nVmFlags: ").Append(VmFlags(region)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The sums of smaps.</summary>
    internal static string Rollup(Subject subject, ICaller caller)
    {
        var regions = Regions(subject);
        if (regions.Count == 0)
        {
            return "";
        }

        var usage = subject.Space?.GetUsage() ?? default;
        var text = new StringBuilder();
        _ = text.Append(Pad($"{regions[0].Start:x8}-{regions[^1].End:x8} ---p 00000000 00:00 0 ", "[rollup]"));
        Counters(text, usage.Resident, usage.Shared);
        return text.ToString();
    }

    private static IReadOnlyList<VmRegion> Regions(Subject subject) => subject.Space?.GetRegions() ?? [];

    private static void Append(StringBuilder text, Subject subject, ICaller caller, VmRegion region)
    {
        var place = region.Backing is { } backing ? subject.Kernel.FindMappingName(backing) : null;
        var device = place is null ? 0 : place.Mount.DeviceOverride ?? place.Dentry.FileSystem.Device;
        var name = place is not null ? Escape(VirtualFileSystem.GetPath(place, SubjectLink.RootOf(caller, subject)))
            : IsStack(subject, region) ? "[stack]"
            : region.Label;
        var rights = region.Protection;
        var line = $"{region.Start:x8}-{region.End:x8} {((rights & VmProt.Read) != 0 ? 'r' : '-')}{((rights & VmProt.Write) != 0 ? 'w' : '-')}"
            + $"{((rights & VmProt.Exec) != 0 ? 'x' : '-')}{(region.Shared ? 's' : 'p')} {(place is null ? 0 : region.Offset):x8} "
            + $"{DeviceNumber.Major(device):x2}:{DeviceNumber.Minor(device):x2} {place?.Dentry.Inode?.Number ?? 0} ";
        _ = text.Append(Pad(line, name));
    }

    private static bool IsStack(Subject subject, VmRegion region)
    {
        var start = subject.Process.Layout.StackStart;
        return region.Start <= start && start < region.End;
    }

    private static string Pad(string line, string name) => name.Length == 0 ? line + "\n" : line.PadRight(NameColumn) + name + "\n";

    private static string Escape(string path) => path.Replace("\n", "\\012", StringComparison.Ordinal);

    private static long[] Spread(IReadOnlyList<VmRegion> regions, VmUsage usage)
    {
        var resident = new long[regions.Count];
        var (files, anonymous) = (usage.Shared, usage.Resident - usage.Shared);
        for (var i = 0; i < regions.Count; i++)
        {
            var region = regions[i];
            if (region.Protection == VmProt.None)
            {
                continue;
            }

            var size = (long)(region.End - region.Start);
            ref var left = ref (region.Backing is not null || region.Shared ? ref files : ref anonymous);
            resident[i] = Math.Clamp(left, 0, size);
            left -= resident[i];
        }

        return resident;
    }

    private static void Counters(StringBuilder text, long resident, long shared)
    {
        var anonymous = resident - shared;
        foreach (var (key, value) in (ReadOnlySpan<(string, long)>)
        [
            ("Rss:", resident), ("Pss:", resident), ("Pss_Dirty:", anonymous), ("Pss_Anon:", anonymous), ("Pss_File:", shared), ("Pss_Shmem:", 0),
            ("Shared_Clean:", 0), ("Shared_Dirty:", 0), ("Private_Clean:", shared), ("Private_Dirty:", anonymous), ("Referenced:", resident),
            ("Anonymous:", anonymous), ("KSM:", 0), ("LazyFree:", 0), ("AnonHugePages:", 0), ("ShmemPmdMapped:", 0), ("FilePmdMapped:", 0),
            ("Shared_Hugetlb:", 0), ("Private_Hugetlb:", 0), ("Swap:", 0), ("SwapPss:", 0), ("Locked:", 0),
        ])
        {
            _ = text.Append($"{key,-16}{value / 1024,8} kB\n");
        }
    }

    private static string VmFlags(VmRegion region)
        => ((region.Protection & VmProt.Read) != 0 ? "rd " : "") + ((region.Protection & VmProt.Write) != 0 ? "wr " : "")
            + ((region.Protection & VmProt.Exec) != 0 ? "ex " : "") + (region.Shared ? "sh " : "") + "mr mw me ";
}
