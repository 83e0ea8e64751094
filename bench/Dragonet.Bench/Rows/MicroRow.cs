using System.Globalization;
using Dragonet.Bench.Targets;

namespace Dragonet.Bench.Rows;

/// <summary>One operation of bench/guest/micro.c: the median of its batches.</summary>
internal sealed class MicroRow(string name, string title) : Row(name, title, Unit.Microseconds)
{
    internal override Sample Measure(Target target, Workspace workspace)
    {
        using var process = workspace.Start(target, workspace.Micro, Name);
        if (process.ReadToEnd(s_limit) is not { } output)
        {
            return Sample.Failed(process.Failure);
        }

        var prefix = Name + " ";
        var line = output.Split('\n').LastOrDefault(line => line.StartsWith(prefix, StringComparison.Ordinal));
        return double.TryParse(line?[prefix.Length..], CultureInfo.InvariantCulture, out var nanoseconds)
            ? Sample.Of(nanoseconds / 1000) : Sample.Failed("no figure in the output");
    }
}
