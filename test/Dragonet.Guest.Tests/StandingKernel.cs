using System.Diagnostics;
using System.IO;
using Dragonet.Control;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>A kernel that stays until the test is over.</summary>
internal sealed class StandingKernel : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private readonly string _name = "test" + Guid.NewGuid().ToString("N")[..8];

    internal StandingKernel(params string[] options) => Assert.Equal("", HostTool.Run(Command.Path, ["boot", _name, .. options], "/", s_limit).Error);

    internal string Name => _name;

    /// <summary>What a command prints that succeeds.</summary>
    internal string Run(params string[] arguments)
    {
        var outcome = Try(arguments);
        Assert.True(outcome.Status == 0, $"{string.Join(' ', arguments)}: {outcome.Status} {outcome.Error}{File.ReadAllText(ControlPaths.Of(_name).Log)}");
        return outcome.Output;
    }

    /// <summary>What a command says that fails.</summary>
    internal string Fail(params string[] arguments)
    {
        var outcome = Try(arguments);
        Assert.NotEqual(0, outcome.Status);
        return outcome.Error;
    }

    /// <summary>Asks again and again until the answer has these words, however many blanks are between them.</summary>
    internal void RunUntil(string words, params string[] arguments)
    {
        var watch = Stopwatch.StartNew();
        string output;
        do
        {
            output = string.Join(' ', Run(arguments).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            Assert.True(watch.Elapsed < s_limit, output);
        }
        while (!output.Contains(words, StringComparison.Ordinal));
    }

    public void Dispose()
    {
        _ = HostTool.Run(Command.Path, ["halt", _name], "/", s_limit);
        Assert.False(ControlPaths.Of(_name).IsAlive);
        Directory.Delete(ControlPaths.Of(_name).Directory, recursive: true);
    }

    internal ProgramOutcome Try(string[] arguments) => HostTool.Run(Command.Path, [arguments[0], arguments[0] == "run" ? "--kernel" : "-K", _name, .. arguments[1..]], "/", s_limit);
}
