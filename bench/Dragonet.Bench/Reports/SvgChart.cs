using System.Globalization;
using System.Text;
using Dragonet.Bench.Rows;

namespace Dragonet.Bench.Reports;

/// <summary>docs/benchmarks.svg: a dot for each row and system, at its ratio to native, on a logarithmic scale.</summary>
internal static class SvgChart
{
    private const int RowHeight = 19;
    private const int LabelWidth = 318;
    private const int PanelWidth = 350;
    private const int Gap = 84;
    private const int Top = 132;
    private const int Width = LabelWidth + PanelWidth + Gap + PanelWidth + 28;

    private static readonly (string Key, string Color)[] s_marks = [("uml", "#b07d2b"), ("gvisor", "#3a7ca5"), ("strict", "#c0392b"), ("dragonet", "#c0392b")];

    internal static string Text(Results results)
    {
        var rows = results.Rows.Where(row => row.Unit is Unit.Microseconds or Unit.Milliseconds && row is not BootRow && Shown(results, row, false)).ToList();
        var (from, to) = Decades(results, rows);
        var firstWorkload = rows.FindIndex(row => row is WorkloadRow);
        var height = Top + (rows.Count * RowHeight) + (firstWorkload > 0 ? RowHeight : 0) + 34;
        var svg = new StringBuilder();
        _ = svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif" font-size="12" fill="#222">
            <rect width="100%" height="100%" fill="#fff"/>
            <text x="20" y="30" font-size="18" font-weight="600">Time, as a multiple of native</text>
            <text x="20" y="50" fill="#666">{Escape(results.Machine.Processor)}, {results.Machine.Processors} processors, Linux {Escape(results.Machine.Kernel)}; logarithmic, left is better; the numbers are Dragonet's</text>

            """);
        Legend(svg, results);
        var bottom = height - 34;
        foreach (var (busy, left, title) in ((bool, int, string)[])[(false, LabelWidth, "idle"), (true, LabelWidth + PanelWidth + Gap, "busy: other work on all processors")])
        {
            var inPanel = rows.FindAll(row => Shown(results, row, busy));
            if (inPanel.Count == 0)
            {
                continue;
            }

            Axis(svg, left, Top, busy ? Y(rows, firstWorkload, inPanel[^1]) + (RowHeight / 2) + 1 : bottom, from, to, title);
            foreach (var row in inPanel)
            {
                Dots(svg, results, row, busy, left, Y(rows, firstWorkload, row), from, to);
            }
        }

        foreach (var row in rows)
        {
            _ = svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{LabelWidth - 62}\" y=\"{Y(rows, firstWorkload, row) + 4}\" text-anchor=\"end\">{Escape(row.Title)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static bool Shown(Results results, Row row, bool busy) => results.Ratio(row, "dragonet", busy) is not null;

    /// <summary>Workloads come after a gap.</summary>
    private static int Y(List<Row> rows, int firstWorkload, Row row)
    {
        var at = rows.IndexOf(row);
        return Top + (at * RowHeight) + (firstWorkload > 0 && at >= firstWorkload ? RowHeight : 0) + (RowHeight / 2);
    }

    /// <summary>Whole decades around all dots.</summary>
    private static (int From, int To) Decades(Results results, List<Row> rows)
    {
        var ratios = rows.SelectMany(row => results.Targets.SelectMany(target => (double?[])[results.Ratio(row, target.Key, false), results.Ratio(row, target.Key, true)]))
            .OfType<double>().Where(ratio => ratio > 0).Append(1).ToList();
        return ((int)Math.Floor(Math.Log10(ratios.Min())), Math.Max(1, (int)Math.Ceiling(Math.Log10(ratios.Max()))));
    }

    private static void Axis(StringBuilder svg, int left, int top, int bottom, int from, int to, string title)
    {
        _ = svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left + (PanelWidth / 2)}\" y=\"{top - 26}\" text-anchor=\"middle\" font-weight=\"600\">{title}</text>\n");
        for (var decade = from; decade <= to; decade++)
        {
            var x = X(Math.Pow(10, decade), left, from, to);
            var color = decade == 0 ? "#444" : "#dcdcdc";
            var label = decade < 0 ? Math.Pow(10, decade).ToString(CultureInfo.InvariantCulture) : Math.Pow(10, decade).ToString("#,0", CultureInfo.InvariantCulture);
            _ = svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{x:0.0}\" y1=\"{top}\" x2=\"{x:0.0}\" y2=\"{bottom}\" stroke=\"{color}\"/>\n")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{x:0.0}\" y=\"{top - 7}\" text-anchor=\"middle\" fill=\"#666\" font-size=\"11\">{label}×</text>\n");
        }
    }

    private static void Dots(StringBuilder svg, Results results, Row row, bool busy, int left, int y, int from, int to)
    {
        _ = svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{left}\" y1=\"{y}\" x2=\"{left + PanelWidth}\" y2=\"{y}\" stroke=\"#f0f0f0\"/>\n");
        var ratio = results.Ratio(row, "dragonet", busy);
        _ = svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{left - 12}\" y=\"{y + 4}\" text-anchor=\"end\" fill=\"#c0392b\" font-weight=\"600\">{Figures.Ratio(ratio)}</text>\n");

        foreach (var (key, color) in s_marks)
        {
            if (results.Ratio(row, key, busy) is { } value and > 0)
            {
                Mark(svg, key, color, X(value, left, from, to), y);
            }
        }
    }

    /// <summary>Shapes as well as colours, for eyes that do not tell the colours apart.</summary>
    private static void Mark(StringBuilder svg, string key, string color, double x, int y)
        => _ = svg.Append(key switch
        {
            "dragonet" => string.Create(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.0}\" cy=\"{y}\" r=\"5\" fill=\"{color}\"/>\n"),
            "strict" => string.Create(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.0}\" cy=\"{y}\" r=\"4.3\" fill=\"#fff\" stroke=\"{color}\" stroke-width=\"1.5\"/>\n"),
            "gvisor" => string.Create(CultureInfo.InvariantCulture, $"<path d=\"M{x:0.0} {y - 5.5}l5.5 5.5l-5.5 5.5l-5.5 -5.5z\" fill=\"{color}\"/>\n"),
            _ => string.Create(CultureInfo.InvariantCulture, $"<rect x=\"{x - 4:0.0}\" y=\"{y - 4}\" width=\"8\" height=\"8\" fill=\"{color}\"/>\n"),
        });

    private static void Legend(StringBuilder svg, Results results)
    {
        var x = 26;
        foreach (var (key, color) in s_marks.Reverse())
        {
            if (results.Targets.FirstOrDefault(target => target.Key == key) is { } target)
            {
                Mark(svg, key, color, x, 70);
                _ = svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x + 12}\" y=\"74\">{target.Title}</text>\n");
                x += 36 + (target.Title.Length * 7);
            }
        }
    }

    private static double X(double ratio, int left, int from, int to) => left + ((Math.Log10(ratio) - from) / (to - from) * PanelWidth);

    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);
}
