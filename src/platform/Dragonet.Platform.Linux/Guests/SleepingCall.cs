using System.Globalization;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>Reads what a host thread of a guest sleeps in: proc_pid_syscall(5).</summary>
internal static class SleepingCall
{
    // futex, restart_syscall, futex_waitv, futex_wait. Another number may be that of a call which waits for the virtual kernel to look at it,
    // so only those count that the host performs for guests, and what goes on after a stop.
    private static readonly string[] s_futexes = ["202 0x", "219 0x", "449 0x", "455 0x"];

    /// <summary>True for a thread that sleeps for the guest's own sake. One that waits on a word of its slot has asked the virtual kernel
    /// something, which has not begun with it or has just answered: to others that guest runs.</summary>
    /// <param name="text">"running", or the number, six arguments, the stack and the instruction pointer of the call.</param>
    internal static bool IsOfGuest(string text)
    {
        foreach (var futex in s_futexes)
        {
            if (text.StartsWith(futex, StringComparison.Ordinal))
            {
                var argument = text.AsSpan(futex.Length);
                var end = argument.IndexOf(' ');
                return end > 0 && ulong.TryParse(argument[..end], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var word)
                    && word is < StubLayout.Slots or >= StubLayout.Windows;
            }
        }

        return false;
    }
}
