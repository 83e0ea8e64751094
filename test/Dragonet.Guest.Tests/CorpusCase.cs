using System.IO;

namespace Dragonet.Guest.Tests;

/// <summary>One case of test/corpus/commands.txt.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Programs">Programs it needs.</param>
/// <param name="Script">The script for bash.</param>
internal sealed record CorpusCase(string Name, IReadOnlyList<string> Programs, string Script)
{
    internal static IReadOnlyDictionary<string, CorpusCase> All { get; } = Read();

    /// <summary>It is about bash.</summary>
    internal static bool IsShell(CorpusCase item) => item.Name.StartsWith("bash-", StringComparison.Ordinal) || item.Name.StartsWith("sh-", StringComparison.Ordinal);

    /// <summary>The only variables a case sees.</summary>
    internal static Dictionary<string, string> Environment(string directory) => new()
    {
        ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
        ["HOME"] = directory,
        ["TMPDIR"] = directory,
        ["LC_ALL"] = "C",
        ["TZ"] = "UTC",
        ["TERM"] = "dumb",
        ["USER"] = "corpus",
        ["PYTHONDONTWRITEBYTECODE"] = "1",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_AUTHOR_NAME"] = "A",
        ["GIT_AUTHOR_EMAIL"] = "a@example.org",
        ["GIT_COMMITTER_NAME"] = "C",
        ["GIT_COMMITTER_EMAIL"] = "c@example.org",
        ["GIT_AUTHOR_DATE"] = "1700000000 +0000",
        ["GIT_COMMITTER_DATE"] = "1700000000 +0000",
    };

    private static Dictionary<string, CorpusCase> Read()
    {
        var cases = new Dictionary<string, CorpusCase>(StringComparer.Ordinal);
        string[]? head = null;
        var body = new List<string>();
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, "test", "corpus", "commands.txt")).Append("### end"))
        {
            if (!line.StartsWith("### ", StringComparison.Ordinal))
            {
                body.Add(line);
                continue;
            }

            if (head is not null)
            {
                cases.Add(head[0], new CorpusCase(head[0], head[1..], string.Join('\n', body) + "\n"));
            }

            head = line[4..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            body.Clear();
        }

        return cases;
    }
}
