using System.Diagnostics;
using System.Globalization;
using System.IO;
using Dragonet.Control;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The beginning and the end of a kernel that stays: who lives is a matter of locks, and the end comes in order.</summary>
public sealed class KernelLifeTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void K8_a_lock_says_who_lives_whatever_is_written_in_files()
    {
        using var kernel = new StandingKernel();
        var paths = ControlPaths.Of(kernel.Name);
        Assert.Contains("runs already", Dragonet("boot", kernel.Name).Error, StringComparison.Ordinal);
        Assert.Contains("runs already", Dragonet("boot", kernel.Name, "--foreground").Error, StringComparison.Ordinal);
        Assert.Equal("still\n", kernel.Run("jexec", "0", "echo", "still"));

        // It dies without a word: its files stay, and the number in them becomes somebody else's, ours.
        using (var process = Process.GetProcessById(int.Parse(File.ReadAllText(paths.ProcessId), CultureInfo.InvariantCulture)))
        {
            process.Kill();
            process.WaitForExit();
        }

        File.WriteAllText(paths.ProcessId, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        Assert.True(File.Exists(paths.Lock) && File.Exists(paths.Socket));
        Assert.False(paths.IsAlive);
        Assert.Contains("does not run", Dragonet("kill", kernel.Name).Error, StringComparison.Ordinal);
        Assert.DoesNotContain(kernel.Name, Dragonet("ls").Output, StringComparison.Ordinal);
        Assert.Equal("", Dragonet("boot", kernel.Name).Error);
        Assert.Equal("again\n", kernel.Run("jexec", "0", "echo", "again"));
    }

    [Theory]
    [InlineData("exec \"$0\" halt \"$1\"")]
    [InlineData("kill -TERM $2; while kill -0 $2 2>/dev/null; do :; done")]
    public void K9_programs_end_in_order_the_last_jail_first(string end)
    {
        var place = Directory.CreateTempSubdirectory("order").FullName;
        using var kernel = new StandingKernel("-v", $"{place}:/out");
        foreach (var jail in (ReadOnlySpan<string>)["0", "b", "a", "c"])
        {
            if (jail != "0")
            {
                _ = kernel.Run("jail", "-c", $"name={jail}", "path=/", "persist");
            }

            _ = kernel.Run("jexec", "-b", jail, "sh", "-c", $"trap 'echo {jail} >>/out/order; exit' TERM; echo >/out/{jail}; while :; do sleep 0.01; done");
            var watch = Stopwatch.StartNew();
            while (!File.Exists(Path.Combine(place, jail)))
            {
                Assert.True(watch.Elapsed < s_limit);
            }
        }

        _ = HostTool.Run("sh", ["-c", end, Command.Path, kernel.Name, File.ReadAllText(ControlPaths.Of(kernel.Name).ProcessId)], "/", s_limit);
        Assert.False(ControlPaths.Of(kernel.Name).IsAlive);
        Assert.Equal(["c", "a", "b", "0"], File.ReadLines(Path.Combine(place, "order")));
        Directory.Delete(place, recursive: true);
    }

    [Fact]
    public void K9_who_does_not_listen_keeps_nobody_waiting_for_long()
    {
        using var kernel = new StandingKernel();
        _ = kernel.Run("jail", "-c", "name=deaf", "path=/", "persist");
        _ = kernel.Run("jexec", "-b", "deaf", "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done");
        kernel.RunUntil("up", "logs", "deaf");
        Assert.Contains("halt: no number of seconds", Dragonet("halt", "-t", "soon", kernel.Name).Error, StringComparison.Ordinal);
        Assert.Equal((0, ""), (Dragonet("halt", "-t", "0", kernel.Name).Status, ""));
        Assert.False(ControlPaths.Of(kernel.Name).IsAlive);
    }

    private static ProgramOutcome Dragonet(params string[] arguments) => HostTool.Run(Command.Path, arguments, "/", s_limit);
}
