using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A short run of bench/soak: a mixed load in one kernel gives back what it took.</summary>
public sealed class SoakTests
{
    [Fact]
    public void A_mixed_load_leaves_nothing_in_the_kernel()
    {
        HostTool.Require("gcc", "gcc libc6-dev");
        HostTool.Require("perl", "perl");
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "",
            ["HOME"] = "/",
            ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "",
            ["DRAGONET"] = Command.Path,
        };
        var outcome = HostTool.Run(Path.Combine(Repository.Root, "bench", "soak"), ["0"], "/", TimeSpan.FromMinutes(4), environment);
        Assert.True(outcome.Status == 0, outcome.Output + outcome.Error);
    }
}
