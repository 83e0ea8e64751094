using System.Text;
using Dragonet.Kernel;

namespace Dragonet.Fs.Procfs;

/// <summary>/proc/PID/limits.</summary>
internal static class LimitsText
{
    private static readonly (string Name, string Unit)[] s_names =
    [
        ("Max cpu time", "seconds"), ("Max file size", "bytes"), ("Max data size", "bytes"), ("Max stack size", "bytes"), ("Max core file size", "bytes"),
        ("Max resident set", "bytes"), ("Max processes", "processes"), ("Max open files", "files"), ("Max locked memory", "bytes"),
        ("Max address space", "bytes"), ("Max file locks", "locks"), ("Max pending signals", "signals"), ("Max msgqueue size", "bytes"),
        ("Max nice priority", ""), ("Max realtime priority", ""), ("Max realtime timeout", "us"),
    ];

    /// <summary>One line for each limit, in the order of their numbers.</summary>
    internal static string Make(Subject subject)
    {
        var text = new StringBuilder("Limit                     Soft Limit           Hard Limit           Units     \n");
        for (var i = 0; i < s_names.Length; i++)
        {
            var (soft, hard) = subject.Process.Limits[i];
            _ = text.Append($"{s_names[i].Name,-25} {Value(soft),-20} {Value(hard),-20} {s_names[i].Unit,-10}\n");
        }

        return text.ToString();
    }

    private static string Value(ulong limit) => limit == Rlimits.Infinity ? "unlimited" : $"{limit}";
}
