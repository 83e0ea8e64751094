using System.Globalization;
using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Sessions of the host that guests are in, by which it may divide its processors (sched(7), "The autogroup feature").</summary>
public sealed class SessionTests
{
    [Fact]
    public void Guests_are_in_the_kernels_session_only_where_that_is_asked_for()
    {
        Assert.Empty(GuestsBesideUs(new KernelOptions()));
        Assert.NotEmpty(GuestsBesideUs(new KernelOptions { SharesSession = true }));
    }

    /// <summary>Processes of guests that are in the session of this process, while a program runs.</summary>
    private static List<string> GuestsBesideUs(KernelOptions options)
    {
        using var kernel = DragonetKernel.Boot(options);
        using var process = kernel.Jails.Root.Start(new ProgramOptions { Arguments = ["sh", "-c", "echo ready; read x"], Input = GuestStream.Pipe, Output = GuestStream.Pipe });
        using var reader = new StreamReader(process.StandardOutput);
        Assert.Equal("ready", reader.ReadLine());

        HostTool.Require("ps", "procps");
        var outcome = HostTool.Run("ps", ["-eo", "pid=,sid=,args="], "/", TimeSpan.FromMinutes(1));
        Assert.Equal((0, ""), (outcome.Status, outcome.Error));
        var processes = outcome.Output.Split('\n').Select(static line => line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Where(static line => line.Length == 3).ToList();
        var ours = processes.Single(static line => line[0] == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))[1];
        return [.. processes.Where(line => line[1] == ours && line[2].StartsWith("dragonet-guest", StringComparison.Ordinal)).Select(static line => line[0])];
    }
}
