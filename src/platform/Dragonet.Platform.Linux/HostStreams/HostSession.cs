using System.Globalization;
using System.IO;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostStreams;

/// <summary>A process that stays when the terminal it was started on goes.</summary>
public static class HostSession
{
    /// <summary>A session of its own, without a terminal; the standard streams become these descriptors.</summary>
    /// <param name="input">The new input.</param>
    /// <param name="output">The new output, also for errors.</param>
    /// <param name="keep">A copy of an old one that stays.</param>
    public static void Detach(int input, int output, int keep = -1)
    {
        const int closeOnExec = 0x80000;
        _ = Host.Call(Nr.setsid);

        // The runtime has copies of the standard streams: whoever waits for the end of a pipe must not wait for them.
        var old = (ReadOnlySpan<string?>)[Target("0"), Target("1"), Target("2")];
        foreach (var path in Directory.GetFiles("/proc/self/fd"))
        {
            var name = Path.GetFileName(path);
            if (Target(name) is { } target && old.Contains(target) && int.Parse(name, CultureInfo.InvariantCulture) is > 2 and var copy && copy != keep)
            {
                _ = Host.Call(Nr.dup3, target == old[0] ? input : output, copy, closeOnExec);
            }
        }

        _ = Host.Call(Nr.dup2, input, 0);
        _ = Host.Call(Nr.dup2, output, 1);
        _ = Host.Call(Nr.dup2, output, 2);
    }

    private static string? Target(string descriptor) => new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;
}
