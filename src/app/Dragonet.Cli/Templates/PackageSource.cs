using System.IO;

namespace Dragonet.Cli.Templates;

/// <summary>Where this machine gets packages of a distribution from: what sources.list(5) says.</summary>
/// <param name="Mirror">The address.</param>
/// <param name="Keyring">The file with the keys that sign what is there; null for the distribution's own.</param>
internal sealed record PackageSource(string Mirror, string? Keyring)
{
    private const string Place = "/etc/apt";

    /// <summary>The source of a suite of this machine, else one of the same distribution, else null.</summary>
    internal static PackageSource? Find(string distribution, string suite)
    {
        var all = Read().Where(source => source.Mirror.TrimEnd('/').EndsWith("/" + distribution, StringComparison.Ordinal)).ToList();
        return all.Where(source => source.Suites.Contains(suite)).Concat(all).Select(source => new PackageSource(source.Mirror, source.Keyring)).FirstOrDefault();
    }

    /// <summary>The entries of a file in the style of one line each.</summary>
    internal static IEnumerable<(string Mirror, string[] Suites, string? Keyring)> ParseLines(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var words = line.Split('#')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).ToList();
            if (words is not ["deb", ..])
            {
                continue;
            }

            string? keyring = null;
            for (words.RemoveAt(0); words.Count > 0 && (words[0].StartsWith('[') || keyring is not null || !words[0].Contains("://", StringComparison.Ordinal)); words.RemoveAt(0))
            {
                var option = words[0].Trim('[', ']');
                keyring = option.StartsWith("signed-by=/", StringComparison.Ordinal) ? option["signed-by=".Length..] : keyring;
                if (words[0].EndsWith(']'))
                {
                    words.RemoveAt(0);
                    break;
                }
            }

            if (words.Count >= 2)
            {
                yield return (words[0], [words[1]], keyring);
            }
        }
    }

    /// <summary>The entries of a file in the style of deb822: stanzas with an empty line between.</summary>
    internal static IEnumerable<(string Mirror, string[] Suites, string? Keyring)> ParseStanzas(string text)
    {
        foreach (var stanza in text.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var line in stanza.Split('\n'))
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0 && !line.StartsWith('#') && !char.IsWhiteSpace(line[0]))
                {
                    fields[line[..colon]] = line[(colon + 1)..].Trim();
                }
            }

            if (!fields.TryGetValue("URIs", out var mirrors) || !Words(fields, "Types").Contains("deb") || fields.GetValueOrDefault("Enabled") == "no")
            {
                continue;
            }

            foreach (var mirror in mirrors.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                yield return (mirror, Words(fields, "Suites"), fields.TryGetValue("Signed-By", out var keyring) && keyring.StartsWith('/') ? keyring : null);
            }
        }
    }

    private static string[] Words(Dictionary<string, string> fields, string name)
        => fields.TryGetValue(name, out var value) ? value.Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];

    private static List<(string Mirror, string[] Suites, string? Keyring)> Read()
    {
        var found = new List<(string, string[], string?)>();
        var parts = Directory.Exists(Path.Combine(Place, "sources.list.d")) ? Directory.GetFiles(Path.Combine(Place, "sources.list.d")).Order(StringComparer.Ordinal) : Enumerable.Empty<string>();
        foreach (var file in parts.Prepend(Path.Combine(Place, "sources.list")))
        {
            try
            {
                found.AddRange(file.EndsWith(".sources", StringComparison.Ordinal) ? ParseStanzas(File.ReadAllText(file))
                    : file.EndsWith(".list", StringComparison.Ordinal) ? ParseLines(File.ReadLines(file)) : []);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // What cannot be read is no source for us.
            }
        }

        return found;
    }
}
