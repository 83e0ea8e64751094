using System.Formats.Tar;
using System.IO;
using Dragonet.Cli.Standing;
using Dragonet.Control;
using Dragonet.Templates;

namespace Dragonet.Cli.Jails;

/// <summary>dragonet cp: files from a jail, or into one. Programs may run meanwhile; nothing of the jail is needed for it.</summary>
internal static class CopyCommand
{
    private const string Usage = "dragonet cp JAIL:PATH DEST, or dragonet cp SOURCE JAIL:PATH";

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, words) = KernelOption.Take(arguments);
        if (words.Count != 2)
        {
            throw new CommandException($"cp: from where, and to where? {Usage}");
        }

        var (from, to) = (Split(words[0]), Split(words[1]));
        try
        {
            if (from is { } source && to is null)
            {
                CopyOut(kernel, source.Jail, source.Path, Path.GetFullPath(words[1]));
            }
            else if (from is null && to is { } target)
            {
                CopyIn(kernel, Path.GetFullPath(words[0]), target.Jail, target.Path);
            }
            else
            {
                throw new CommandException($"cp: one of the two is in a jail: {Usage}");
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"cp: {failure.Message}", 1);
        }

        return 0;
    }

    /// <summary>Reads what a jail sees at a path, as a tar archive; without a path its system.</summary>
    /// <returns>What of the jail is not in it.</returns>
    internal static List<string> Archive(string kernel, string jail, string? path, Action<Stream> read)
    {
        using var client = ControlClient.Connect(kernel);
        var reply = client.Ask(new ControlRequest { Verb = ControlVerb.Archive, Jail = jail, Settings = path is null ? null : [new ControlSetting { Name = "path", Value = path }] }).Checked();
        using var archive = client.OpenOutput();
        read(archive);
        archive.CopyTo(Stream.Null); // what is behind the end of the archive, and how it went
        return [.. (reply.Rows ?? []).Select(static row => row["path"])];
    }

    /// <summary>"JAIL:PATH"; a name with a slash before the colon is a path of the host.</summary>
    private static (string Jail, string Path)? Split(string word)
    {
        var colon = word.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && !word.AsSpan(0, colon).Contains('/') ? (word[..colon], word[(colon + 1)..].StartsWith('/') ? word[(colon + 1)..] : "/" + word[(colon + 1)..]) : null;
    }

    private static void CopyOut(string kernel, string jail, string path, string destination)
    {
        var name = Path.GetFileName(path.TrimEnd('/'));
        var target = Directory.Exists(destination) ? Path.Combine(destination, name.Length > 0 ? name : jail) : destination;
        if (Directory.Exists(target))
        {
            throw new CommandException($"cp: {target} exists already", 1);
        }

        // Beside its place first: what does not come whole does not come.
        var work = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(target)!, ".dragonet-cp-" + Path.GetRandomFileName())).FullName;
        try
        {
            _ = Archive(kernel, jail, path, archive => TreeFiles.Extract(archive, work));
            var made = name.Length > 0 ? Path.Combine(work, name) : work;
            if (Directory.Exists(made) && new DirectoryInfo(made).LinkTarget is null)
            {
                Directory.Move(made, target);
            }
            else
            {
                File.Move(made, target, overwrite: true);
            }
        }
        finally
        {
            if (Directory.Exists(work))
            {
                Directory.Delete(work, recursive: true);
            }
        }
    }

    private static void CopyIn(string kernel, string source, string jail, string path)
    {
        var packed = Path.GetTempFileName();
        using var archive = new FileStream(packed, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 65536, FileOptions.DeleteOnClose);
        using (var writer = new TarWriter(archive, leaveOpen: true))
        {
            Add(writer, source, Path.GetFileName(source));
        }

        archive.Position = 0;
        using var client = ControlClient.Connect(kernel);
        _ = client.Ask(new ControlRequest { Verb = ControlVerb.Extract, Jail = jail, Settings = [new ControlSetting { Name = "path", Value = path }] }).Checked();
        client.SendInput(archive);
        using var answer = client.OpenOutput();
        answer.CopyTo(Stream.Null);
    }

    private static void Add(TarWriter writer, string path, string name)
    {
        var isDirectory = Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null;
        writer.WriteEntry(path, name);
        foreach (var child in isDirectory ? Directory.GetFileSystemEntries(path) : [])
        {
            Add(writer, child, name + "/" + Path.GetFileName(child));
        }
    }
}
