using System.IO;
using System.Text;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>What README.md shows is what happens.</summary>
public sealed class TourTests
{
    private static IEnumerable<string> Page => File.ReadLines(Path.Combine(Repository.Root, "README.md"));

    public static TheoryData<int, string> Steps()
    {
        var data = new TheoryData<int, string>();
        foreach (var (number, step) in TourStep.Read(Page).Index())
        {
            data.Add(number, step.Command);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void The_page_shows_what_the_command_prints(int number, string command)
    {
        if (command.Contains("gcc", StringComparison.Ordinal))
        {
            HostTool.Require("gcc", "gcc");
        }

        // The script that users start would build first; the program that it starts was built with the tests.
        var script = "exec 2>&1\n" + command.Replace("./dragonet ", Command.Path + " ", StringComparison.Ordinal);
        var variables = Environment.GetEnvironmentVariables();
        var environment = variables.Keys.Cast<string>().ToDictionary(name => name, name => (string)variables[name]!);
        environment["LC_ALL"] = "C";
        var outcome = HostTool.Run("sh", ["-c", script], Repository.Root, TimeSpan.FromMinutes(2), environment);
        var output = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(outcome.Output));
        var step = TourStep.Read(Page)[number];
        Assert.True(step.Matches(output), $"$ {command}\n{output}\n--- but README.md says\n{string.Join('\n', step.Expected)}");
    }

    [Fact]
    public void The_tour_has_its_commands() => Assert.True(TourStep.Read(Page).Count >= 9);

    [Fact]
    public void A_different_output_is_seen()
    {
        var step = new TourStep("x", ["a", "…", "b 0x7f0123456789", "c…e"]);
        Assert.True(step.Matches("a\n1\n2\nb 0x7fffffffffff\ncde\n"));
        Assert.True(step.Matches("a\nb 0x1\nce\n"));
        Assert.False(step.Matches("a\n1\nb 0x1\nce\nmore\n"));
        Assert.False(step.Matches("b 0x1\nce\n"));
    }
}
