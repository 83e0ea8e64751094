using System.Globalization;
using System.IO;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostStreams;

/// <summary>
/// Gives this process a session, and thereby a share of the processors, of its own: the host's scheduler divides them among sessions first
/// (sched(7), "The autogroup feature"), and in the session that we were started in others may compute without end. For who started us all is as
/// it was: a little process stays in the old process group, sends on what signals come there, and when it is stopped or killed, so are we.
/// </summary>
public static unsafe class Deputy
{
    private const int Kill = 9, Stop = 19;

    /// <summary>Does so where it is of use: without a terminal, whose signals and turns would be lost with the session, and as a member of
    /// somebody else's process group (who leads one makes no session, setsid(2)). The calling thread lives as long as the process.</summary>
    /// <returns>True when it has one now.</returns>
    /// <exception cref="InvalidOperationException">The host starts no processes.</exception>
    public static bool TakeSession()
    {
        var self = (int)Host.Call(Nr.getpid);
        if (Host.Call(Nr.getpgrp) == self || !HasAutogroups() || HasTerminal())
        {
            return false;
        }

        var (pid, socket) = MachineProgram.Start(DeputyCode.Build(self), "dragonet-deputy", DeputyCode.Socket, ownSession: false);
        byte ready = 0;
        long count;
        do
        {
            // SAFETY: a byte on the stack.
            count = Host.Call(Nr.read, socket.Number, (long)&ready, 1);
        }
        while (count == -(long)Errno.EINTR);

        if (count != 1)
        {
            socket.Dispose(); // it did not get so far: we stay where we are
            _ = Host.Call(Nr.wait4, pid, 0, 0, 0);
            return false;
        }

        // fcntl(2): when its end of the socket is closed, we are sent SIGKILL, even while we are stopped.
        const long setFlags = 4, setOwner = 8, setSignal = 10, async = 0x2000;
        _ = Host.Call(Nr.fcntl, socket.Number, setSignal, Kill);
        _ = Host.Call(Nr.fcntl, socket.Number, setOwner, self);
        _ = Host.Call(Nr.fcntl, socket.Number, setFlags, async);
        _ = Host.Call(Nr.setsid);
        new Thread(() => Follow(self, pid, socket), 128 * 1024) { IsBackground = true, Name = "deputy" }.Start();
        return true;
    }

    /// <summary>Stops when it stops, ends when it ends.</summary>
    private static void Follow(int self, int pid, HostFd socket)
    {
        const long processId = 1, exited = 4, stopped = 2;
        const int isStopped = 5; // CLD_STOPPED
        var info = stackalloc int[32];
        while (true)
        {
            // SAFETY: siginfo_t, 128 bytes: si_signo, si_errno, si_code, …
            var result = Host.Call(Nr.waitid, processId, pid, (long)info, exited | stopped, 0);
            if (result == 0 && info[2] == isStopped)
            {
                // This thread stops here and now, and all others with it. It tells before and after, so that no SIGCONT is too early.
                Tell(socket);
                _ = Host.Call(Nr.tgkill, self, Host.Call(Nr.gettid), Stop);
                Tell(socket);
            }
            else if (result != -(long)Errno.EINTR)
            {
                _ = Host.Call(Nr.kill, self, Kill);
                return;
            }
        }
    }

    private static void Tell(HostFd socket)
    {
        byte one = 1;
        // SAFETY: one byte on the stack. MSG_NOSIGNAL|MSG_DONTWAIT.
        _ = Host.Call(Nr.sendto, socket.Number, (long)&one, 1, 0x4040, 0, 0);
    }

    private static bool HasAutogroups()
    {
        const string setting = "/proc/sys/kernel/sched_autogroup_enabled";
        return File.Exists(setting) && File.ReadAllText(setting).Trim() == "1";
    }

    /// <summary>A terminal that controls our session, or one that we talk with.</summary>
    private static bool HasTerminal()
    {
        // proc_pid_stat(5): "pid (name) state ppid pgrp session tty_nr …"; the name may have anything in it.
        var stat = File.ReadAllText("/proc/self/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return int.Parse(fields[4], CultureInfo.InvariantCulture) != 0 || HostTty.Open(0) is not null || HostTty.Open(1) is not null || HostTty.Open(2) is not null;
    }
}
