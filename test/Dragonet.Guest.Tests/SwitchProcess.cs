using System.Diagnostics;
using System.Text.Json;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>`dragonet switch`, until the test is over.</summary>
internal sealed class SwitchProcess : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly string _path;
    private readonly Process _process;

    internal SwitchProcess(string path, params string[] options)
    {
        _path = path;
        _process = Process.Start(new ProcessStartInfo(Command.Path, ["switch", "-p", path, .. options]) { RedirectStandardError = true })!;
        Assert.Equal($"dragonet: switch: {path}", _process.StandardError.ReadLine());
    }

    internal List<Dictionary<string, string>> Rows(string what) => JsonSerializer.Deserialize<List<Dictionary<string, string>>>(Run("switch", what, "--json", "-p", _path))!;

    internal string Run(params string[] arguments)
    {
        var outcome = HostTool.Run(Command.Path, arguments, "/", s_limit);
        Assert.True(outcome.Status == 0, outcome.Error);
        return outcome.Output;
    }

    internal void Until(Func<bool> condition)
    {
        for (var watch = Stopwatch.StartNew(); !condition();)
        {
            Assert.True(watch.Elapsed < s_limit && !_process.HasExited);
        }
    }

    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>SIGTERM.</summary>
    internal void Stop()
    {
        Assert.Equal(0, HostTool.Run("kill", [_process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)], "/", s_limit).Status);
        Assert.True(_process.WaitForExit(s_limit));
        Assert.Equal(0, _process.ExitCode);
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }
}
