using System.Globalization;
using System.IO;
using Dragonet.Platform.Linux.Guests;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>How a platform ends.</summary>
public sealed class EndTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>Blanks are being made when the platform is disposed: none of them may stay behind, and run.</summary>
    [Fact]
    public void A_platform_that_is_disposed_at_once_leaves_no_process()
    {
        for (var i = 0; i < 40; i++)
        {
            using var platform = new LinuxPlatform();
            platform.Start(new RecordingKernel());
        }

        var running = System.Diagnostics.Stopwatch.StartNew();
        while (Guests() > 0 && running.Elapsed < s_limit)
        {
            _ = Thread.Yield();
        }

        Assert.Equal(0, Guests());
    }

    /// <summary>Children of this process.</summary>
    private static int Guests()
    {
        var self = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var count = 0;
        foreach (var directory in Directory.EnumerateDirectories("/proc", "?*").Where(path => char.IsAsciiDigit(path["/proc/".Length])))
        {
            try
            {
                // proc(5) stat: pid (comm) state ppid …
                var text = File.ReadAllText(Path.Combine(directory, "stat"));
                var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
                count += fields[1] == self ? 1 : 0;
            }
            catch (IOException)
            {
                // No process, or gone meanwhile.
            }
        }

        return count;
    }
}
