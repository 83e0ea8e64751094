using System.IO;
using System.Text;

namespace Dragonet.Guest.Tests;

/// <summary>Runs a program on a kernel of its own.</summary>
internal static class GuestRunner
{
    internal static ProgramOutcome Run(ProgramOptions program, KernelOptions options, TimeSpan limit)
    {
        using var kernel = DragonetKernel.Boot(options);
        using var process = kernel.Start(new ProgramOptions
        {
            Arguments = program.Arguments,
            Environment = program.Environment,
            WorkingDirectory = program.WorkingDirectory,
            User = program.User,
            Output = GuestStream.Pipe,
            Error = GuestStream.Pipe,
            Timeout = limit,
        });
        var (output, error) = (new StringBuilder(), new StringBuilder());
        var readers = new[] { new Thread(() => _ = error.Append(ReadAll(process.StandardError))), new Thread(() => _ = output.Append(ReadAll(process.StandardOutput))) };
        foreach (var reader in readers)
        {
            reader.Start();
        }

        // Whatever the program left running ends with the kernel, and with it the last writer of the pipes.
        var status = process.Wait();
        kernel.Dispose();
        foreach (var reader in readers)
        {
            reader.Join();
        }

        return new ProgramOutcome(process.TimedOut ? -1 : status.ShellCode, output.ToString(), process.TimedOut ? error + $"\n(still running after {limit.TotalSeconds} s)" : error.ToString());
    }

    private static string ReadAll(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }
}
