using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;

namespace Dragonet.Bench;

/// <summary>What the figures were measured on.</summary>
internal sealed record Machine(string Processor, int Processors, long Memory, string Kernel, string Runtime, string Commit)
{
    internal static Machine Read(string repository)
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim();
        var memory = File.ReadLines("/proc/meminfo").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        var machine = File.ReadLines("/proc/cpuinfo").Any(line => line.StartsWith("flags", StringComparison.Ordinal) && line.Contains(" hypervisor", StringComparison.Ordinal));
        return new Machine($"{model ?? "unknown"}{(machine ? ", in a virtual machine" : "")}", Environment.ProcessorCount,
            long.Parse(memory, CultureInfo.InvariantCulture) * 1024, File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
            RuntimeInformation.FrameworkDescription, CommitOf(repository));
    }

    /// <summary>Processor time that was used since the machine began, and all there was.</summary>
    internal static (double Used, double All) ProcessorTime()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToList();
        return (fields.Sum() - fields[3] - fields[4], fields.Sum());
    }

    private static string CommitOf(string repository)
    {
        using var git = new HostProcess(new("git", ["-C", repository, "rev-parse", "--short", "HEAD"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        });
        return git.ReadToEnd(TimeSpan.FromSeconds(10))?.Trim() ?? "unknown";
    }
}
