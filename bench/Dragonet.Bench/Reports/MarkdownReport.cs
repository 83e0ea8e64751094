using System.Text;
using Dragonet.Bench.Rows;

namespace Dragonet.Bench.Reports;

/// <summary>docs/benchmarks.md.</summary>
internal static class MarkdownReport
{
    private const string OtherMeasurements = "\n## Many systems, and their networks\n";

    internal static string Text(Results results, int repetitions)
    {
        var machine = results.Machine;
        var text = new StringBuilder();
        _ = text.Append($"""
            # Benchmarks

            Written by `bench/run`, which measures everything here again on your machine. Figures are {(repetitions == 1 ? "of one run" : $"medians of {repetitions} runs")} of each program in each system, one
            system after the other; those of the small operations are medians of seven batches within each run, too. Rows whose budget is close to the native
            figure are measured three times as often, natively and in Dragonet. Less is better everywhere.
            *×* is the ratio to native in the same table. Figures of another machine, or of another hour of this one, differ; ratios differ less.

            - machine: {machine.Processor}; {machine.Processors} processors, {machine.Memory / 1e9:0.0} GB; {machine.Runtime}
            {Systems(results)}- {Others(Results.Median(results.Disturbance) ?? 0)}

            ![How many times the native figure each system needs](benchmarks.svg)

            """);
        Table(text, results, busy: false, "Idle: this run started nothing besides");
        Table(text, results, busy: true, "Busy: an endless loop on every processor besides, in a session of their own");
        Budgets(text, results);
        if (results.Failures.Count > 0)
        {
            _ = text.Append("\n## No figure\n\n");
            foreach (var failure in results.Failures.Distinct())
            {
                _ = text.Append($"- {failure}\n");
            }
        }

        return text.ToString();
    }

    /// <summary>What the document has from other measurements (bench/network, bench/density and their kin): it stays as it is.</summary>
    internal static string Kept(string document)
    {
        var text = File.Exists(document) ? File.ReadAllText(document) : "";
        var start = text.IndexOf(OtherMeasurements, StringComparison.Ordinal);
        return start < 0 ? "" : text[start..];
    }

    private static string Others(double used)
        => $"others used {100 * used:0} % of the processors (the median of a look before each row)"
            + (used > 0.2 ? ": **this was no idle machine**, so single figures say little, those close together nothing" : "");

    private static string Systems(Results results)
        => string.Concat(results.Targets.Where(target => target.Key != "strict").Select(target
            => $"- {target.Title}: {target.Version}{(target.Key == "dragonet" ? $", commit {results.Machine.Commit}; *strict* sends every system call to the kernel" : "")}\n"));

    private static void Table(StringBuilder text, Results results, bool busy, string title)
    {
        var rows = results.Rows.Where(row => results.Targets.Any(target => results.Median(row, target.Key, busy) is not null)).ToList();
        if (rows.Count == 0)
        {
            return;
        }

        _ = text.Append($"\n## {title}\n\n| | unit | {string.Join(" | ", results.Targets.Select(target => target.Title))} |\n|---|---|{string.Concat(results.Targets.Select(_ => "---:|"))}\n");
        foreach (var row in rows)
        {
            _ = text.Append($"| {row.Title.Replace("|", "\\|", StringComparison.Ordinal)} | {Figures.Name(row.Unit)} |");
            foreach (var target in results.Targets)
            {
                var ratio = target.Key == "native" ? "" : Figures.Ratio(results.Ratio(row, target.Key, busy));
                _ = text.Append($" {Figures.Text(results.Median(row, target.Key, busy))}{(ratio.Length > 0 ? $" ({ratio})" : "")} |");
            }

            _ = text.Append('\n');
        }
    }

    private static void Budgets(StringBuilder text, Results results)
    {
        _ = text.Append("\n## Budgets of the first stage\n\n").Append(Results.Median(results.Disturbance) > 0.2
            ? "Absolute times are judged as they were measured, on a machine that was not idle; a quiet one may decide otherwise.\n\n" : "");
        _ = text.Append("| | budget | idle | busy | |\n|---|---|---:|---:|---|\n");
        foreach (var row in results.Rows.Where(row => row.Budget is not null))
        {
            var verdicts = new List<bool?>();
            var cells = new StringBuilder();
            foreach (var busy in (bool[])[false, true])
            {
                var value = results.Median(row, row.Budget!.Subject, busy);
                var relative = row.Budget.Limits.Any(limit => limit.Against == "native");
                _ = cells.Append(value is null ? " |" : relative ? $" {Figures.Ratio(results.Ratio(row, row.Budget.Subject, busy))} |" : $" {Figures.Text(value)} {Figures.Name(row.Unit)} |");
                if (value is not null)
                {
                    verdicts.Add(row.Budget.IsMet(key => results.Median(row, key, busy)));
                }
            }

            var verdict = verdicts.Contains(false) ? "**not met**" : verdicts.Count == 0 || verdicts.Contains(null) ? "not measured" : "met";
            _ = text.Append($"| {row.Title.Replace("|", "\\|", StringComparison.Ordinal)}{(row.Budget!.Subject == "strict" ? ", strict" : "")} | {row.Budget.Text} |{cells} {verdict} |\n");
        }
    }
}
