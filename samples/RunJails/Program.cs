// Two jails from one base: the first gets a file, limits and a program; the second is its clone. Events are told as they happen.
using System.Formats.Tar;
using System.IO;
using System.Text;
using Dragonet;

using var kernel = DragonetKernel.Boot();
using var over = new CancellationTokenSource();
var told = new List<string>();
var telling = Task.Run(async () =>
{
    await foreach (var change in kernel.Jails.WatchAsync(over.Token))
    {
        told.Add($"{change.Name} {change.What}");
        if (change is { Name: "web", What: "gone" })
        {
            return;
        }
    }
});

var web = await kernel.Jails.CreateAsync(new JailOptions
{
    Name = "web",
    HostName = "web",
    Overlay = true,
    ProcessLimit = 20,
    Parameters = new Dictionary<string, string?> { ["limit.disk"] = "10m" },
});
await using (web)
{
    // Files go in and out as tar archives.
    using (var archive = new MemoryStream())
    {
        using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "motto") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes("each its own\n")) });
        }

        archive.Position = 0;
        web.WriteFiles("/srv", archive);
    }

    Console.Write(Run(web, "echo $(uname -n) says: $(cat /srv/motto)"));

    // A clone has the same files, and changes are its own.
    await using (var twin = kernel.Jails.Clone(web, "twin", [new("host.hostname", "twin")]))
    {
        Console.Write(Run(twin, "echo mine >>/srv/motto; echo $(uname -n) has $(wc -l </srv/motto) lines"));
    }

    Console.Write(Run(web, "echo $(uname -n) has $(wc -l </srv/motto) line"));
    Console.Write(Run(web, "dd if=/dev/zero of=/srv/big bs=1M count=20 2>&1 | grep -o 'No space.*'"));
    var disk = web.Usage.Single(amount => amount.Resource == "disk");
    Console.WriteLine($"disk: {disk.Held >> 20} of {disk.Limit >> 20} MiB, refused: {disk.Failures > 0}");

    using var back = new MemoryStream();
    web.ReadFiles("/srv/motto", back);
    back.Position = 0;
    using var reader = new TarReader(back);
    Console.WriteLine($"out again: {reader.GetNextEntry()?.Length} bytes");
}

await telling;
await over.CancelAsync();
Console.WriteLine(string.Join(", ", told.Where(what => !what.EndsWith("empty", StringComparison.Ordinal) && !what.EndsWith("disk", StringComparison.Ordinal))));

static string Run(GuestJail jail, string script)
{
    using var process = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", script], Output = GuestStream.Pipe });
    using var output = new StreamReader(process.StandardOutput);
    return output.ReadToEnd();
}
