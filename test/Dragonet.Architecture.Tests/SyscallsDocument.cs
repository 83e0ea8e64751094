using System.Text;
using Dragonet.Abi;
using Dragonet.Linux;

namespace Dragonet.Architecture.Tests;

/// <summary>docs/syscalls.md.</summary>
internal static class SyscallsDocument
{
    internal static string Text()
    {
        var entries = SyscallList.Entries.ToList();
        var missing = Enum.GetValues<Nr>().Where(number => entries.TrueForAll(entry => entry.Number != (int)number)).Distinct().OrderBy(number => (int)number).ToList();
        var text = new StringBuilder();
        _ = text.Append("# System calls\n\nWritten from the `[Syscall]` attributes of `src/linux/Dragonet.Linux/Syscalls`; see the last line of README.md.\n\n")
            .Append(Count(entries, Support.Full)).Append(" full, ").Append(Count(entries, Support.Partial)).Append(" partial, ")
            .Append(Count(entries, Support.Refused)).Append(" refused (they answer the errno of a Linux without the feature), ")
            .Append(missing.Count).Append(" absent (ENOSYS).\n\n| number | call | support | note |\n|---:|---|---|---|\n");
        foreach (var (number, name, support, note) in entries)
        {
            _ = text.Append("| ").Append(number).Append(" | ").Append(name).Append(" | ").Append(support.ToString().ToLowerInvariant()).Append(" | ")
                .Append(note.Replace("|", "\\|", StringComparison.Ordinal)).Append(" |\n");
        }

        _ = text.Append("\n## Absent\n\n").AppendJoin(", ", missing.Select(number => number.ToString())).Append(missing.Count == 0 ? "None.\n" : ".\n");
        return text.ToString();
    }

    private static int Count(List<(int Number, string Name, Support Support, string Note)> entries, Support support) => entries.Count(entry => entry.Support == support);
}
