using System.Text;

namespace Dragonet.Bench.Reports;

/// <summary>The table for a person at a terminal; green where Dragonet keeps its budget, red where it does not.</summary>
internal static class TerminalReport
{
    internal static string Text(Results results, bool colors)
    {
        var text = new StringBuilder();
        foreach (var busy in (bool[])[false, true])
        {
            var rows = results.Rows.Where(row => results.Targets.Any(target => results.Median(row, target.Key, busy) is not null)).ToList();
            if (rows.Count == 0)
            {
                continue;
            }

            _ = text.Append($"{(busy ? "busy: other work on all processors" : "idle"),-40}");
            foreach (var target in results.Targets)
            {
                _ = text.Append(target.Key == "native" ? $"{target.Title,12}" : $"{target.Title,20}");
            }

            _ = text.Append('\n');
            foreach (var row in rows)
            {
                _ = text.Append($"{row.Title + ", " + Figures.Name(row.Unit),-40}");
                foreach (var target in results.Targets)
                {
                    var figure = Figures.Text(results.Median(row, target.Key, busy));
                    var cell = target.Key == "native" ? $"{figure,12}" : $"{figure,11}{Figures.Ratio(results.Ratio(row, target.Key, busy)),9}";
                    var met = row.Budget?.Subject == target.Key ? row.Budget.IsMet(key => results.Median(row, key, busy)) : null;
                    _ = text.Append(colors && met is { } good ? $"\e[{(good ? 32 : 31)}m{cell}\e[0m" : cell);
                }

                _ = text.Append('\n');
            }

            _ = text.Append('\n');
        }

        foreach (var failure in results.Failures.Distinct())
        {
            _ = text.Append($"no figure: {failure}\n");
        }

        return text.ToString();
    }
}
