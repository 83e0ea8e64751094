namespace Dragonet.Kernel;

/// <summary>What a rule does.</summary>
/// <param name="Kind">Which action.</param>
/// <param name="Signal">Of <see cref="ResourceActionKind.Signal"/>: its number.</param>
public readonly record struct ResourceAction(ResourceActionKind Kind, int Signal = 0)
{
    private static readonly string[] s_signals =
    [
        "", "hup", "int", "quit", "ill", "trap", "abrt", "bus", "fpe", "kill", "usr1", "segv", "usr2", "pipe", "alrm", "term", "stkflt", "chld", "cont",
        "stop", "tstp", "ttin", "ttou", "urg", "xcpu", "xfsz", "vtalrm", "prof", "winch", "io", "pwr", "sys",
    ];

    /// <summary>"deny", "log", "devctl", "throttle" or "sig" with the name of a signal; null for other words.</summary>
    public static ResourceAction? Parse(string word)
    {
        if (word.StartsWith("sig", StringComparison.Ordinal) && word.Length > 3 && Array.IndexOf(s_signals, word[3..]) is > 0 and var signal)
        {
            return new ResourceAction(ResourceActionKind.Signal, signal);
        }

        return word switch
        {
            "deny" => new ResourceAction(ResourceActionKind.Deny),
            "log" => new ResourceAction(ResourceActionKind.Log),
            "devctl" => new ResourceAction(ResourceActionKind.Event),
            "throttle" => new ResourceAction(ResourceActionKind.Throttle),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ResourceActionKind.Deny => "deny",
        ResourceActionKind.Log => "log",
        ResourceActionKind.Event => "devctl",
        ResourceActionKind.Throttle => "throttle",
        _ => "sig" + s_signals[Signal],
    };
}
