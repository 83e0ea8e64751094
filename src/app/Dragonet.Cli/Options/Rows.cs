using System.Text.Json;

namespace Dragonet.Cli.Options;

/// <summary>Prints rows of named values: for people as a table, for machines (--json) as an array of objects.</summary>
internal static class Rows
{
    /// <summary>Takes "--json" from the words of a command.</summary>
    internal static bool TakeJson(List<string> words) => words.Remove("--json");

    /// <summary>Prints them. Columns that are empty in all rows are left out of the table; without rows it is the names alone.</summary>
    internal static void Print(List<Dictionary<string, string>> rows, bool json, params ReadOnlySpan<string> columns)
    {
        if (json)
        {
            PrintJson(rows);
        }
        else if (rows.Count > 0)
        {
            PrintTable(rows);
        }
        else if (columns.Length > 0)
        {
            Console.WriteLine(string.Join("  ", columns).ToUpperInvariant());
        }
    }

    private static void PrintTable(List<Dictionary<string, string>> rows)
    {
        var columns = rows[0].Keys.Where(name => rows.Exists(row => row[name].Length > 0)).ToList();
        var widths = columns.Select(name => rows.Max(row => row[name].Length)).Zip(columns, static (width, name) => Math.Max(width, name.Length)).ToList();
        Console.WriteLine(string.Join("  ", columns.Select((name, i) => name.ToUpperInvariant().PadRight(widths[i]))).TrimEnd());
        foreach (var row in rows)
        {
            Console.WriteLine(string.Join("  ", columns.Select((name, i) => (row[name].Length == 0 ? "-" : row[name]).PadRight(widths[i]))).TrimEnd());
        }
    }

    /// <summary>One row as an object on a line.</summary>
    internal static string ToJson(IEnumerable<KeyValuePair<string, string>> row)
    {
        using var output = new System.IO.MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            Write(writer, row);
        }

        return System.Text.Encoding.UTF8.GetString(output.ToArray());
    }

    /// <summary>Writes one row as an object.</summary>
    internal static void Write(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, string>> row)
    {
        writer.WriteStartObject();
        foreach (var (name, value) in row)
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
    }

    private static void PrintJson(List<Dictionary<string, string>> rows)
    {
        using var output = new System.IO.MemoryStream();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartArray();
            rows.ForEach(row => Write(writer, row));
            writer.WriteEndArray();
        }

        Console.WriteLine(System.Text.Encoding.UTF8.GetString(output.ToArray()));
    }
}
