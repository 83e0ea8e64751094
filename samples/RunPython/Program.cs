using System.IO;
using Dragonet;

// Runs a piece of Python that nobody has read, on a kernel of its own: 256 MB, five seconds, no files of yours.
// Usage: dotnet run --project samples/RunPython [CODE]
var code = args.Length > 0 ? args[0] : "import os, sys; print('Python', sys.version.split()[0], 'on', os.uname().release, 'as uid', os.getuid())";

using var kernel = DragonetKernel.Boot(new KernelOptions { MemoryLimit = 256 << 20 });
try
{
    using var process = kernel.Start(new ProgramOptions
    {
        Arguments = ["python3", "-c", code],
        User = "nobody",
        Output = GuestStream.Pipe,
        Error = GuestStream.Host(2),
        Timeout = TimeSpan.FromSeconds(5),
    });
    using (var output = new StreamReader(process.StandardOutput))
    {
        while (output.ReadLine() is { } line)
        {
            Console.WriteLine($"| {line}");
        }
    }

    var status = process.Wait();
    Console.WriteLine(process.TimedOut ? "killed after five seconds" : $"exit status {status.ShellCode}");
    return status.ShellCode;
}
catch (ProgramException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 127;
}
