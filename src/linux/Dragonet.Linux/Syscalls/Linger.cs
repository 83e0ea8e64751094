using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>
/// SO_LINGER (socket(7)): who closes a socket for the last time waits until what was sent has arrived, or the time is over, whether the socket is
/// non-blocking or not; a signal ends that, too (sk_stream_wait_close of Linux). The result is the same. Exits, execve(2) and close_range(2) do not wait.
/// </summary>
internal static class Linger
{
    /// <summary>True when closing may have to wait, and the call came a way where none can: it must be made again before anything is closed.</summary>
    public static bool MustRepeat(Task task, OpenFile? file) => task.Thread.IsQuick && file is SocketFile { Options.Linger: > 0 };

    /// <summary>What a call answers that has closed something: at once, or when what was sent has arrived.</summary>
    /// <param name="task">Whose call it is.</param>
    /// <param name="closed">What it has closed, on the first run; the same on the others.</param>
    /// <param name="result">What the call answers.</param>
    public static SysResult Wait(Task task, OpenFile? closed, SysResult result)
    {
        if (closed is not SocketFile { References: 0 } socket || task.TimedOut || !socket.IsLingering(task.Polling))
        {
            return result;
        }

        task.CallState = socket;
        task.SetTimeout((uint)socket.Options.Linger.GetValueOrDefault() * 1_000_000_000L);
        task.OnInterrupted = (_, _) => result;
        return SysResult.Block(RestartKind.Interrupt);
    }
}
