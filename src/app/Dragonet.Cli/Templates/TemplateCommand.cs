using System.Globalization;
using System.IO;
using System.IO.Compression;
using Dragonet.Cli.Jails;
using Dragonet.Cli.Options;
using Dragonet.Cli.Standing;
using Dragonet.Templates;

namespace Dragonet.Cli.Templates;

/// <summary>dragonet template: trees of files that jails start from.</summary>
internal sealed class TemplateCommand
{
    private const string Usage = "dragonet template import FILE|DIR NAME | build DISTRIBUTION:SUITE NAME | snapshot JAIL NAME | ls [--json] | rm NAME… | export NAME FILE.tar[.gz] | diff NAME OTHER";

    private TreeLimits _limits = new();
    private bool _json;

    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var (kernel, given) = KernelOption.Take(arguments);
        arguments = given.ToArray();
        if (arguments.Length > 0 && arguments[0] == "build")
        {
            Tell(TemplateBuild.Run(arguments[1..], TemplateStore.OfUser, new TreeLimits()));
            return 0;
        }

        var command = new TemplateCommand();
        var words = arguments.Length == 0 ? [] : OptionParser.Parse("template", arguments[1..], [new Option(null, "--limit", "SIZE", "most bytes of an import", value => command._limits = command._limits with { MostBytes = Quantity.Size("--limit", value) }),
            new Option(null, "--json", null, "print JSON instead of a table", _ => command._json = true)]).ToArray();
        var store = TemplateStore.OfUser;
        switch (arguments.Length == 0 ? "" : arguments[0])
        {
            case "import" when words.Length == 2:
                Tell(store.Import(words[0], words[1], command._limits));
                return 0;
            case "snapshot" when words.Length == 2:
                command.Snapshot(kernel, words[0], store, words[1]);
                return 0;
            case "ls" when words.Length == 0:
                Rows.Print([.. store.List().Select(template => new Dictionary<string, string>
                {
                    ["name"] = template.Name,
                    ["files"] = $"{template.Files}",
                    [command._json ? "bytes" : "mib"] = command._json ? $"{template.Bytes}" : $"{template.Bytes >> 20}",
                    ["made"] = command._json ? template.Made.ToString("O", CultureInfo.InvariantCulture) : $"{template.Made.ToLocalTime():yyyy-MM-dd HH:mm}",
                    ["source"] = template.Source,
                })], command._json, "name", "files", "mib", "made", "source");
                return 0;
            case "rm" when words.Length > 0:
                foreach (var name in words)
                {
                    store.Remove(name);
                    Console.WriteLine(name);
                }

                return 0;
            case "export" when words.Length == 2:
                Export(store, words[0], words[1]);
                return 0;
            case "diff" when words.Length == 2:
                foreach (var (kind, path) in store.Compare(words[0], words[1]))
                {
                    Console.WriteLine($"{kind} /{path}");
                }

                return 0;
            default:
                throw new CommandException($"template: what is to be done? {Usage}");
        }
    }

    /// <summary>Of a jail that may go on meanwhile: the system that it runs on, as it has changed it. Data that it shares with others is not for the next one.</summary>
    private void Snapshot(string kernel, string jail, TemplateStore store, string name)
    {
        Template? made = null;
        var left = CopyCommand.Archive(kernel, jail, path: null, archive => made = store.Import(archive, "jail " + jail, name, _limits));
        Console.WriteLine($"{name}: {made!.Files} files");
        if (left.Count > 0)
        {
            Console.Error.WriteLine($"dragonet: template: left out, as no part of the system: {string.Join(' ', left)}");
        }
    }

    private static void Tell(Template made)
        => Console.WriteLine($"{made.Name}: {made.Files} files, {made.Bytes >> 20} MiB: dragonet jail -c name=NAME path=/templates/{made.Name} overlay persist");

    private static void Export(TemplateStore store, string name, string path)
    {
        try
        {
            using var file = path == "-" ? Console.OpenStandardOutput() : new FileStream(path, FileMode.Create);
            using var archive = path.EndsWith("gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
            store.Export(name, archive);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"template: {path}: {failure.Message}");
        }
    }
}
