using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>
/// The notification descriptor of one filter: of a process started by exec and of everything it forks. Exactly one host thread
/// waits in it at a time, so that the host can wake that thread on the processor which the guest just left.
/// </summary>
internal sealed unsafe class Listener
{
    private const int PollHangUp = 0x10;

    private readonly HostFd _fd;
    private readonly bool _pollFirst;
    private readonly Queue<SeccompNotif> _deferred = new(); // touched only by the serving thread

    internal Listener(HostFd fd, bool pollFirst)
    {
        _fd = fd;
        _pollFirst = pollFirst;
        // Without the flag (Linux before 6.6) everything works, slower.
        _ = Host.Call(Nr.ioctl, fd.Number, Seccomp.IoctlSetFlags, (long)Seccomp.SyncWakeUp);
    }

    /// <summary>Closes the descriptor; a guest that still waits for an answer gets ENOSYS from the host.</summary>
    internal void Close() => _fd.Dispose();

    /// <summary>Takes the next notification: one that was put aside, or a new one.</summary>
    /// <returns>False when no process uses the filter any more.</returns>
    internal bool Receive(out SeccompNotif notification)
        => _deferred.TryDequeue(out notification) || ReceiveNew(out notification);

    /// <summary>Takes the next new notification, also when others were put aside.</summary>
    internal bool ReceiveNew(out SeccompNotif notification)
    {
        while (true)
        {
            if (_pollFirst && !WaitReadable())
            {
                notification = default;
                return false;
            }

            var error = Take(out notification);
            if (error == Errno.OK)
            {
                return true;
            }

            if (error is not (Errno.ENOENT or Errno.EINTR) || (error == Errno.ENOENT && IsAbandoned()))
            {
                return false;
            }
        }
    }

    /// <summary>Waits for a notification and takes it. ENOENT: the guest was killed or interrupted before that, or nobody is left. EINTR: a
    /// signal to this host thread.</summary>
    private Errno Take(out SeccompNotif notification)
    {
        notification = default;
        fixed (SeccompNotif* pointer = &notification)
        {
            // SAFETY: the structure is pinned and zeroed, as the host demands.
            return Host.ErrnoOf(Host.Call(Nr.ioctl, _fd.Number, Seccomp.IoctlRecv, (long)pointer));
        }
    }

    /// <summary>Takes the next new notification while a process lives that must send one.</summary>
    /// <param name="process">The process.</param>
    /// <param name="child">A child of ours that must send one, too; 0 for none.</param>
    /// <param name="notification">What came, of whomever.</param>
    /// <returns>False when nothing will come: the process or the child is dead, or nobody uses the filter.</returns>
    internal bool ReceiveWhile(HostFd process, int child, out SeccompNotif notification)
    {
        notification = default;
        if (process.IsClosed)
        {
            return false; // reaped
        }

        var held = false;
        try
        {
            process.DangerousAddRef(ref held);
            while (true)
            {
                var events = Poll(process, child == 0 ? -1 : 1000);
                if ((events & 1) != 0)
                {
                    // What is gone again is waited for anew.
                    var error = Take(out notification);
                    if (error is not (Errno.ENOENT or Errno.EINTR))
                    {
                        return error == Errno.OK;
                    }
                }
                else if (events != 0 || (child != 0 && HasEnded(child)))
                {
                    return false;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            return false; // reaped since
        }
        finally
        {
            if (held)
            {
                process.DangerousRelease();
            }
        }
    }

    /// <summary>Who sent this notification still waits for its answer, and has its number still.</summary>
    internal bool IsWaiting(ulong id) => Host.Call(Nr.ioctl, _fd.Number, Seccomp.IoctlIdValid, (long)&id) == 0; // SAFETY: a parameter is on the stack

    /// <summary>Keeps a notification for the serving loop.</summary>
    internal void Defer(in SeccompNotif notification) => _deferred.Enqueue(notification);

    /// <summary>Answers with a value for rax.</summary>
    internal void Send(ulong id, long value) => Send(new SeccompNotifResp { Id = id, Value = value });

    /// <summary>Lets the host perform the call.</summary>
    internal void Continue(ulong id) => Send(new SeccompNotifResp { Id = id, Flags = Seccomp.FlagContinue });

    /// <summary>Lends a descriptor: installs it in the waiting process under this number.</summary>
    internal Errno Lend(ulong id, HostFd source, int number)
    {
        Span<byte> request = stackalloc byte[24];
        var lent = false;
        source.DangerousAddRef(ref lent);
        try
        {
            _ = BitConverter.TryWriteBytes(request, id);
            _ = BitConverter.TryWriteBytes(request[8..], 1u); // SECCOMP_ADDFD_FLAG_SETFD
            _ = BitConverter.TryWriteBytes(request[12..], (uint)source.Number);
            _ = BitConverter.TryWriteBytes(request[16..], (uint)number);
            _ = BitConverter.TryWriteBytes(request[20..], 0x80000u); // O_CLOEXEC
            fixed (byte* pointer = request)
            {
                // SAFETY: struct seccomp_notif_addfd is these 24 bytes.
                var result = Host.Call(Nr.ioctl, _fd.Number, Seccomp.IoctlAddFd, (long)pointer);
                return result < 0 ? Host.ErrnoOf(result) : Errno.OK;
            }
        }
        finally
        {
            source.DangerousRelease();
        }
    }

    private void Send(SeccompNotifResp response)
    {
        // SAFETY: a local structure. ENOENT (the guest died meanwhile) needs no answer.
        _ = Host.Call(Nr.ioctl, _fd.Number, Seccomp.IoctlSend, (long)&response);
    }

    private bool IsAbandoned() => (Poll(null, 0) & PollHangUp) != 0;

    private bool WaitReadable()
    {
        while (true)
        {
            var events = Poll(null, -1);
            if (events != 0)
            {
                return (events & 1) != 0;
            }
        }
    }

    /// <summary>What has happened to the descriptor; when nothing has, and the process has ended, a hang-up.</summary>
    private int Poll(HostFd? process, int milliseconds)
    {
        // struct pollfd { int fd; short events; short revents; }, POLLIN asked for
        var entries = stackalloc ulong[2];
        entries[0] = (uint)_fd.Number | 1UL << 32;
        entries[1] = (uint)(process?.Number ?? -1) | 1UL << 32;
        // SAFETY: two pollfds on the stack.
        if (Host.Call(Nr.poll, (long)entries, process is null ? 1 : 2, milliseconds) <= 0)
        {
            return 0;
        }

        var own = (int)(entries[0] >> 48);
        return own != 0 ? own : PollHangUp;
    }

    /// <summary>True for a child of this process that is dead, whether somebody has taken note of it or not.</summary>
    private static bool HasEnded(int child)
    {
        const int byPid = 1, noHang = 1, exited = 4, keep = 0x0100_0000;
        var info = stackalloc byte[128];
        new Span<byte>(info, 128).Clear();
        // SAFETY: struct siginfo has 128 bytes. si_pid, at 12, stays 0 while it lives; ECHILD: it was reaped.
        return Host.Call(Nr.waitid, byPid, child, (long)info, noHang | exited | keep) != 0 || *(int*)(info + 12) != 0;
    }
}
