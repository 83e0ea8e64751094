using System.Text.Json;

namespace Dragonet.Cli;

/// <summary>dragonet doctor: what the host offers.</summary>
internal static class DoctorCommand
{
    internal static int Run(ReadOnlySpan<string> arguments)
    {
        var json = arguments.Length == 1 && arguments[0] == "--json";
        if (arguments.Length > 0 && !json)
        {
            throw new CommandException($"doctor: unknown option '{arguments[0]}': only --json is known");
        }

        var findings = HostReport.Examine();
        if (json)
        {
            using var stream = Console.OpenStandardOutput();
            using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
            writer.WriteStartArray();
            foreach (var finding in findings)
            {
                writer.WriteStartObject();
                writer.WriteString("name", finding.Name);
                writer.WriteString("level", finding.Level.ToString().ToLowerInvariant());
                writer.WriteString("found", finding.Found);
                writer.WriteString("meaning", finding.Meaning);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.Flush();
            Console.WriteLine();
        }
        else
        {
            var colour = !Console.IsOutputRedirected;
            foreach (var finding in findings)
            {
                var (mark, code) = finding.Level switch
                {
                    FindingLevel.Good => ("ok  ", "32"),
                    FindingLevel.Slower => ("slow", "33"),
                    FindingLevel.Missing => ("less", "33"),
                    _ => ("FAIL", "31"),
                };
                Console.WriteLine($"{(colour ? $"\u001b[{code}m{mark}\u001b[0m" : mark)}  {finding.Name,-34}{finding.Found}");
                if (finding.Level != FindingLevel.Good)
                {
                    Console.WriteLine($"      {finding.Meaning}");
                }
            }
        }

        return findings.Any(finding => finding.Level == FindingLevel.Fatal) ? 1 : 0;
    }
}
