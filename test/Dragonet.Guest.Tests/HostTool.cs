using System.Diagnostics;
using System.IO;
using System.Text;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Programs of the host that tests need.</summary>
internal static class HostTool
{
    /// <summary>Skips the test where the program is missing, and says which package has it; fails where CI=true.</summary>
    internal static void Require(string program, string package)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, program)));
        if (!found && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"{program} is missing: install the package {package}");
        }

        Assert.SkipUnless(found, $"{program} is missing: install the package {package}");
    }

    /// <summary>Runs a program on the host.</summary>
    internal static ProgramOutcome Run(string program, IEnumerable<string> arguments, string directory, TimeSpan limit, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.Latin1, StandardErrorEncoding = Encoding.Latin1 };
        if (environment is not null)
        {
            start.Environment.Clear();
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            return new ProgramOutcome(-1, output.Result, error.Result + $"\n(still running after {limit.TotalSeconds} s)");
        }

        process.WaitForExit();
        return new ProgramOutcome(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Copies programs of the host into a tree's /bin, with their libraries.</summary>
    internal static void CopyPrograms(string tree, params string[] programs)
    {
        foreach (var program in programs)
        {
            var libraries = Run("ldd", [program], "/", TimeSpan.FromMinutes(1)).Output.Split([' ', '\n', '\t']).Where(word => word.StartsWith('/'));
            foreach (var file in libraries.Append(program))
            {
                var target = tree + (file == program ? "/bin/" + Path.GetFileName(file) : file);
                _ = Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target, overwrite: true);
            }
        }
    }
}
