using System.Diagnostics;

namespace Dragonet.Guest.Tests;

/// <summary>`dragonet run` with a Python program, until the test is over.</summary>
internal sealed class GuestInBackground : IDisposable
{
    private readonly Process _process;

    internal GuestInBackground(string[] options, string script) => _process = Process.Start(
        new ProcessStartInfo(Command.Path, ["run", .. options, "--", "/usr/bin/python3", "-c", script]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;

    internal string? ReadLine() => _process.StandardOutput.ReadLine();

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
