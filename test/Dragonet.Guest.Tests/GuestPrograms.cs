using System.IO;

namespace Dragonet.Guest.Tests;

/// <summary>The C programs of test/guest, compiled once for the host and the guest.</summary>
public sealed class GuestPrograms
{
    private static readonly string[] s_tools = ["attacker", "bomb", "liar", "mutate_elf", "netstates", "ptydrive", "tree", "try_exec"];

    private static readonly Lock s_building = new(); // several tests want the same one

    /// <summary>Names of the test programs.</summary>
    internal static IEnumerable<string> Names => Directory.GetFiles(Repository.GuestSources, "*.c").Select(file => Path.GetFileNameWithoutExtension(file)!)
        .Except(s_tools).Order(StringComparer.Ordinal);

    /// <summary>Where the binaries are.</summary>
    internal static string Binaries => Path.Combine(Repository.Artifacts, "guest", Environment.UserName);

    /// <summary>Compiles one program unless that was done; returns its path.</summary>
    internal static string Build(string name)
    {
        HostTool.Require("gcc", "gcc libc6-dev");
        lock (s_building)
        {
            return BuildLocked(name);
        }
    }

    private static string BuildLocked(string name)
    {
        _ = Directory.CreateDirectory(Binaries);
        var source = Path.Combine(Repository.GuestSources, name + ".c");
        var binary = Path.Combine(Binaries, name);
        var headers = Directory.GetFiles(Repository.GuestSources, "*.h");
        if (!File.Exists(binary) || headers.Append(source).Any(file => File.GetLastWriteTimeUtc(binary) < File.GetLastWriteTimeUtc(file)))
        {
            var isDynamic = File.ReadAllText(source).Contains("#define GUEST_DYNAMIC", StringComparison.Ordinal);
            var built = HostTool.Run("gcc", ["-O1", isDynamic ? "-no-pie" : "-static", "-pthread", "-Wall", "-o", binary + ".new", source], Repository.GuestSources, TimeSpan.FromMinutes(2));
            if (built.Status != 0)
            {
                throw new InvalidOperationException($"gcc {name}.c: {built.Error}");
            }

            File.Move(binary + ".new", binary, overwrite: true);
        }

        return binary;
    }
}
