using System.IO;

namespace Dragonet.Bench.Targets;

/// <summary>The systems that this machine has.</summary>
internal static class TargetList
{
    internal static List<Target> Installed(string repository)
    {
        var command = Path.Combine(repository, "artifacts", "command", "dragonet-cli");
        var targets = new List<Target> { new NativeTarget(), new DragonetTarget(command, strict: false), new DragonetTarget(command, strict: true) };
        if (OnPath("runsc"))
        {
            targets.Add(new GvisorTarget());
        }

        if (OnPath("linux.uml"))
        {
            targets.Add(new UmlTarget());
        }

        return targets;
    }

    private static bool OnPath(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, program)));
}
