using System.Formats.Tar;
using System.IO;
using System.IO.Compression;
using System.Text.Json;
using Dragonet.Abi;
using Dragonet.Platform;

namespace Dragonet.Templates;

/// <summary>
/// Templates of a user: trees of files in a directory of the host, which jails share as a read-only base. A kernel shows them in
/// /templates (<see cref="KernelOptions.Templates"/>). A template that is being made has another name until it is whole.
/// </summary>
/// <param name="directory">Where they are; made when it is missing.</param>
public sealed class TemplateStore(string directory)
{
    private const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The user's store: $DRAGONET_TEMPLATES, else dragonet/templates in the directory for data of programs.</summary>
    public static TemplateStore OfUser { get; } = new(Environment.GetEnvironmentVariable("DRAGONET_TEMPLATES") is { Length: > 0 } given ? Path.GetFullPath(given)
        : Path.Combine(Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data ? data : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local/share"), "dragonet/templates"));

    /// <summary>The directory with a tree for each template.</summary>
    public string Trees => Path.Combine(directory, "trees");

    private string Notes => Path.Combine(directory, "notes");

    private string Unfinished => Path.Combine(directory, "unfinished");

    /// <summary>Makes the directories of the store.</summary>
    /// <exception cref="TemplateException">They cannot be made.</exception>
    public void Make()
    {
        try
        {
            foreach (var path in (ReadOnlySpan<string>)[directory, Trees, Notes, Unfinished])
            {
                _ = Directory.CreateDirectory(path, Own);
            }

            UnfinishedTree.Sweep(Unfinished);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new TemplateException($"{directory}: {failure.Message}", failure);
        }
    }

    /// <summary>All templates, by name.</summary>
    public IReadOnlyList<Template> List()
        => Directory.Exists(Trees) ? [.. Directory.GetDirectories(Trees).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).Select(Note)] : [];

    /// <summary>Makes a template of an archive (tar, also compressed), of an OCI image layout (a directory, or such an archive), or of what `docker save` writes.</summary>
    /// <param name="source">The file or directory.</param>
    /// <param name="name">What it is to be called.</param>
    /// <param name="limits">How much it may hold.</param>
    /// <exception cref="TemplateException">It is none of these, damaged or malicious: nothing is left of it.</exception>
    public Template Import(string source, string name, TreeLimits? limits = null)
        => Directory.Exists(source) ? Fill(name, source, tree => ReadImage(Path.GetFullPath(source), tree), limits) : Import(() => ArchiveFile.Open(source), source, name, limits);

    /// <summary>Makes a template of an archive that is read once, from its beginning to its end.</summary>
    /// <exception cref="TemplateException">It is damaged or malicious: nothing is left of it.</exception>
    /// <param name="archive">The archive, not compressed.</param>
    /// <param name="source">Where it is from, for `template ls`.</param>
    /// <param name="name">What it is to be called.</param>
    /// <param name="limits">How much it may hold.</param>
    /// <param name="finish">Asked behind the archive's end: what went wrong with it after all, or null.</param>
    public Template Import(Stream archive, string source, string name, TreeLimits? limits = null, Func<string?>? finish = null) => Fill(name, source, tree =>
    {
        TarImport.Read(archive, tree, isLayer: false);
        if (finish is not null)
        {
            archive.CopyTo(Stream.Null); // a writer of blocks fills the last one
            if (finish() is { } wrong)
            {
                throw new TemplateException(wrong);
            }
        }
    }, limits);

    /// <summary>Removes a template. Jails that were made of it must be gone.</summary>
    /// <exception cref="TemplateException">There is none of this name.</exception>
    public void Remove(string name)
    {
        var tree = Tree(name);
        using var away = new UnfinishedTree(Unfinished);
        Directory.Move(tree, away.Path);
        File.Delete(Path.Combine(Notes, name));
    }

    /// <summary>Writes a template as a tar archive.</summary>
    /// <exception cref="TemplateException">There is none of this name.</exception>
    public void Export(string name, Stream archive) => TarExport.Write(Tree(name), archive);

    /// <summary>What is different in another template: "+" a file that only it has, "-" one that it has not, "M" another content, owner or kind.</summary>
    /// <exception cref="TemplateException">There is none of this name.</exception>
    public IReadOnlyList<(char Kind, string Path)> Compare(string name, string other)
    {
        var before = TreeReader.Read(Tree(name)).ToDictionary(entry => entry.Path, entry => (entry.Owner, entry.Type, entry.Attributes.Size, entry.Target), StringComparer.Ordinal);
        var after = TreeReader.Read(Tree(other)).ToDictionary(entry => entry.Path, entry => (entry.Owner, entry.Type, entry.Attributes.Size, entry.Target), StringComparer.Ordinal);
        return
        [
            .. before.Keys.Union(after.Keys).Order(StringComparer.Ordinal).Select(path =>
                (!before.TryGetValue(path, out var old) ? '+' : !after.TryGetValue(path, out var now) ? '-' : Equal(name, other, path, old, now) ? '=' : 'M', path)).Where(pair => pair.Item1 != '='),
        ];
    }

    private bool Equal(string name, string other, string path, (TreeOwner Owner, uint Type, long Size, string Target) old, (TreeOwner Owner, uint Type, long Size, string Target) now)
    {
        if (old.Type != now.Type || old.Owner != now.Owner || old.Target != now.Target || (old.Type == StatMode.S_IFREG && old.Size != now.Size))
        {
            return false;
        }

        if (old.Type != StatMode.S_IFREG)
        {
            return true;
        }

        using FileStream a = File.OpenRead(Path.Combine(Trees, name, path)), b = File.OpenRead(Path.Combine(Trees, other, path));
        byte[] left = new byte[65536], right = new byte[65536];
        for (int count; (count = a.ReadAtLeast(left, left.Length, throwOnEndOfStream: false)) > 0;)
        {
            if (b.ReadAtLeast(right.AsSpan(0, count), count, throwOnEndOfStream: false) != count || !left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count)))
            {
                return false;
            }
        }

        return true;
    }

    private Template Import(Func<Stream> open, string source, string name, TreeLimits? limits)
    {
        // An image in one file: unpacked first, by the same careful hands.
        if (LooksLikeImage(open))
        {
            Make();
            using var unpacked = new UnfinishedTree(Unfinished);
            using (var archive = open())
            using (var files = new TreeWriter(unpacked.Make(), limits ?? new TreeLimits()))
            {
                TarImport.Read(archive, files, isLayer: false);
            }

            return Fill(name, source, tree => ReadImage(unpacked.Path, tree), limits);
        }

        using var plain = open();
        return Import(plain, source, name, limits);
    }

    /// <summary>Looks through the names at the top of an archive.</summary>
    private static bool LooksLikeImage(Func<Stream> open)
    {
        const int most = 4096;
        try
        {
            using var archive = open();
            using var reader = new TarReader(archive);
            for (var seen = 0; seen < most && reader.GetNextEntry() is { } entry; seen++)
            {
                var name = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
                if (name is "oci-layout" or "manifest.json")
                {
                    return true;
                }

                if (name is "etc/" or "usr/" or "bin/" or "etc" or "usr")
                {
                    return false;
                }
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or FormatException or NotSupportedException or ArgumentException or OverflowException)
        {
            return false; // whoever reads it in earnest says what is wrong
        }

        return false;
    }

    private static void ReadImage(string unpacked, TreeWriter tree)
    {
        if (!ImageImport.IsImage(unpacked))
        {
            throw new TemplateException($"{unpacked}: no image layout (oci-layout, manifest.json) is in it");
        }

        new ImageImport(unpacked).Read(tree);
    }

    private Template Fill(string name, string source, Action<TreeWriter> fill, TreeLimits? limits)
    {
        CheckName(name);
        Make();
        var place = Path.Combine(Trees, name);
        if (Directory.Exists(place))
        {
            throw new TemplateException($"template '{name}' exists already: 'dragonet template rm {name}' removes it");
        }

        using var work = new UnfinishedTree(Unfinished);
        try
        {
            Template made;
            using (var tree = new TreeWriter(work.Make(), limits ?? new TreeLimits()))
            {
                fill(tree);
                made = new Template(name, source, DateTimeOffset.UtcNow, tree.Files, tree.Bytes);
            }

            File.WriteAllText(Path.Combine(Notes, name), JsonSerializer.Serialize(made, TemplateJson.Default.Template));
            Directory.Move(work.Path, place); // one of two that make the same wins
            return made;
        }
        catch (IOException failure)
        {
            throw new TemplateException($"template '{name}': {failure.Message}", failure);
        }
    }

    private Template Note(string name)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(Notes, name)), TemplateJson.Default.Template) ?? new Template(name, "?", default, 0, 0);
        }
        catch (Exception failure) when (failure is IOException or JsonException)
        {
            return new Template(name, "?", default, 0, 0);
        }
    }

    private string Tree(string name)
    {
        CheckName(name);
        return Path.Combine(Trees, name) is var tree && Directory.Exists(tree) ? tree : throw new TemplateException($"there is no template '{name}': 'dragonet template ls' shows them");
    }

    private static void CheckName(string name)
    {
        if (name.Length is 0 or > 128 || name[0] == '.' || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':'))
        {
            throw new TemplateException($"template '{name}': a name has letters, digits, -, _, : and dots, and does not begin with one");
        }
    }
}
