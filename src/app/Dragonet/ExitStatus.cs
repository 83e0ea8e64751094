namespace Dragonet;

/// <summary>How a program ended.</summary>
/// <param name="Code">Its exit code, when it exited.</param>
/// <param name="Signal">The signal that ended it, or 0.</param>
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>What a shell shows: the code, or 128 + signal.</summary>
    public int ShellCode => Signal == 0 ? Code : 128 + Signal;

    internal static ExitStatus FromWaitStatus(int status) => new(status >> 8 & 0xff, status & 0x7f);
}
