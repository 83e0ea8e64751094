using System.Globalization;
using System.IO;
using Dragonet.Platform.Linux.Guests;
using Xunit;

namespace Dragonet.Platform.Linux.Tests;

/// <summary>How a platform ends.</summary>
public sealed class EndTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>The zygote, or blanks, are being made when the platform is disposed: none of them may stay behind, and run.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_platform_that_is_disposed_at_once_leaves_no_process(bool started)
    {
        for (var i = 0; i < 40; i++)
        {
            using var platform = new LinuxPlatform();
            if (started)
            {
                platform.Start(new RecordingKernel());
            }
        }

        var running = System.Diagnostics.Stopwatch.StartNew();
        while (Guests() > 0 && running.Elapsed < s_limit)
        {
            _ = Thread.Yield();
        }

        Assert.Equal(0, Guests());
    }

    /// <summary>The descriptor of a process that has ended stays readable while somebody uses it: the keeper must not be told so again and again.</summary>
    [Fact]
    public void The_keeper_is_told_once_that_a_process_has_ended()
    {
        using var platform = new LinuxPlatform();
        var kernel = new RecordingKernel();
        platform.Start(kernel);
        Assert.True(platform.CreateSpace().Ok(out var thread, out var error), error.ToString());
        var space = (GuestSpace)thread!.Space;
        Assert.True(space.PidFd.TryHold());
        try
        {
            Assert.True(IsWatched(space));
            space.End();
            Assert.True(kernel.Deaths.TryTake(out var death, s_limit));
            Assert.Same(space, death.Space);
            Assert.False(IsWatched(space));
        }
        finally
        {
            space.PidFd.DangerousRelease();
        }
    }

    /// <summary>Somebody in this process waits with epoll(7) for the descriptor to be readable: lines "tfd: N events: MASK data: …" of proc(5).</summary>
    private static bool IsWatched(GuestSpace space)
    {
        var target = space.PidFd.Number.ToString(CultureInfo.InvariantCulture);
        var lines = Directory.EnumerateFiles("/proc/self/fdinfo").SelectMany(static file =>
        {
            try
            {
                return File.ReadAllLines(file);
            }
            catch (IOException)
            {
                return []; // closed meanwhile
            }
        });
        var words = lines.Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Single(words => words is ["tfd:", var number, ..] && number == target);
        return (uint.Parse(words[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0; // EPOLLIN
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
