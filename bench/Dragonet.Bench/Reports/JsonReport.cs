using System.IO;
using System.Text;
using System.Text.Json;

namespace Dragonet.Bench.Reports;

/// <summary>All samples, for other programs.</summary>
internal static class JsonReport
{
    internal static string Text(Results results)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("processor", results.Machine.Processor);
            json.WriteNumber("processors", results.Machine.Processors);
            json.WriteString("kernel", results.Machine.Kernel);
            json.WriteString("commit", results.Machine.Commit);
            json.WriteNumber("used_by_others", Results.Median(results.Disturbance) ?? 0);
            json.WriteStartArray("results");
            foreach (var row in results.Rows)
            {
                foreach (var busy in (bool[])[false, true])
                {
                    foreach (var target in results.Targets)
                    {
                        Write(json, results, row, target.Key, busy);
                    }
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter json, Results results, Rows.Row row, string target, bool busy)
    {
        if (results.Median(row, target, busy) is not { } median)
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("row", row.Name);
        json.WriteString("system", target);
        json.WriteBoolean("busy", busy);
        json.WriteString("unit", Figures.Name(row.Unit));
        json.WriteNumber("median", median);
        json.WriteStartArray("samples");
        results.Samples(row, target, busy).ForEach(json.WriteNumberValue);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
