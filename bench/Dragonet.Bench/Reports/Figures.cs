using System.Globalization;
using Dragonet.Bench.Rows;

namespace Dragonet.Bench.Reports;

/// <summary>Figures as people read them: three digits.</summary>
internal static class Figures
{
    internal static string Text(double? value) => value switch
    {
        null => "–",
        0 => "0",
        < 0.1 => Fixed(value.Value, "0.000"),
        < 10 => Fixed(value.Value, "0.00"),
        < 100 => Fixed(value.Value, "0.0"),
        _ => Fixed(value.Value, "#,0"),
    };

    internal static string Ratio(double? value) => value switch
    {
        null => "",
        < 10 => Fixed(value.Value, "0.00") + "×",
        < 100 => Fixed(value.Value, "0.0") + "×",
        _ => Fixed(value.Value, "#,0") + "×",
    };

    internal static string Name(Unit unit) => unit switch
    {
        Unit.Microseconds => "µs",
        Unit.Milliseconds => "ms",
        Unit.Megabytes => "MB",
        _ => "1/s",
    };

    private static string Fixed(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
