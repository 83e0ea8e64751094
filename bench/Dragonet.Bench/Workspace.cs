using System.IO;
using Dragonet.Bench.Targets;

namespace Dragonet.Bench;

/// <summary>Temporary directories of one run: the kit, which every system can read, and an empty directory for each start.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dragonet-bench-").FullName;
    private readonly string _kit;
    private int _starts;

    internal Workspace(string repository)
    {
        _kit = Directory.CreateDirectory(Path.Combine(_root, "kit")).FullName;
        Micro = Path.Combine(_kit, "micro");
        File.Copy(Path.Combine(repository, "artifacts", "bench", "micro"), Micro);
        foreach (var script in Directory.EnumerateFiles(Path.Combine(repository, "bench", "workloads"), "*.sh"))
        {
            File.Copy(script, Path.Combine(_kit, Path.GetFileName(script)));
        }
    }

    /// <summary>bench/guest/micro.c, compiled.</summary>
    internal string Micro { get; }

    internal string Script(string row) => Path.Combine(_kit, row + ".sh");

    /// <summary>Starts a program in a system.</summary>
    internal HostProcess Start(Target target, params string[] program)
    {
        // Removed at the end, so that removing is not measured.
        var work = Directory.CreateDirectory(Path.Combine(_root, $"{++_starts}")).FullName;
        return new HostProcess(target.Command(_kit, work, program));
    }

    public void Dispose()
    {
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }
}
