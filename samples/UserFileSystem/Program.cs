using System.IO;
using Dragonet;
using UserFileSystem;

// Shows the assemblies of this very process, and a directory for notes, to ordinary programs in a guest.
// Usage: dotnet run --project samples/UserFileSystem
using var kernel = DragonetKernel.Boot();
var notes = new Notes();
kernel.Mount("/dotnet", new ProcessDirectory(notes));
foreach (var command in (string[])
    [
        "ls -l /dotnet",
        "cat /dotnet/runtime",
        "find /dotnet -name 'Dragonet.K*'",
        "grep -r version=1 /dotnet/assemblies | sort | head -n 3",
        "echo 'from a shell' > /dotnet/notes/hello; cat /dotnet/notes/hello; rm /dotnet/runtime",
    ])
{
    Console.WriteLine($"$ {command}");
    using var process = kernel.Start(new ProgramOptions
    {
        Arguments = ["sh", "-c", $"{{ {command}; }} 2>&1"],
        Output = GuestStream.Pipe,
        Timeout = TimeSpan.FromSeconds(30),
    });
    using var output = new StreamReader(process.StandardOutput);
    Console.Write(output.ReadToEnd());
    _ = process.Wait();
}

Console.WriteLine($"and here, in C#: {notes.Text("hello").TrimEnd()}");
return 0;
