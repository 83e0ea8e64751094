using System.Globalization;
using System.Text;

namespace Dragonet.Cli.Standing;

/// <summary>Looks at processes as text: a line for each, with tabs. Names are the guest's: nothing of them commands a terminal.</summary>
internal static class ViewText
{
    internal static string Of(IReadOnlyList<ProcessActivity> processes)
    {
        var text = new StringBuilder();
        foreach (var process in processes)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"{process.Pid}\t{process.Jail}\t{process.User}\t{process.State}\t{process.Threads}\t{(long)process.ProcessorTime.TotalMilliseconds}\t{process.Memory}\t{Plain(process.Name)}\n");
        }

        return text.ToString();
    }

    internal static string Of(IReadOnlyList<GuestOpenFile> files)
    {
        var text = new StringBuilder();
        foreach (var file in files)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"{Plain(file.Process)}\t{file.Pid}\t{file.Jail}\t{file.User}\t{file.Descriptor}{file.Mode}\t{file.Type}\t{file.Size}\t{Plain(file.Target)}\n");
        }

        return text.ToString();
    }

    private static string Plain(string name) => string.Concat(name.Select(static c => char.IsControl(c) ? '?' : c));
}
