using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>
/// The notification descriptor of one filter: of a process started by exec and of everything it forks. Exactly one host thread
/// waits in it at a time, so that the host can wake that thread on the processor which the guest just left.
/// </summary>
internal sealed unsafe class Listener
{
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
            notification = default;
            if (_pollFirst && !WaitReadable())
            {
                return false;
            }

            long result;
            fixed (SeccompNotif* pointer = &notification)
            {
                // SAFETY: the structure is pinned and zeroed, as the host demands.
                result = Host.Call(Nr.ioctl, _fd.Number, Seccomp.IoctlRecv, (long)pointer);
            }

            if (result == 0)
            {
                return true;
            }

            // ENOENT: the guest was killed or interrupted before we took it, or nobody is left. EINTR: a signal to this host thread.
            var error = Host.ErrnoOf(result);
            if (error is not (Errno.ENOENT or Errno.EINTR) || (error == Errno.ENOENT && IsAbandoned()))
            {
                return false;
            }
        }
    }

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

    private bool IsAbandoned() => (Poll(0) & 0x10) != 0; // POLLHUP

    private bool WaitReadable()
    {
        while (true)
        {
            var events = Poll(-1);
            if ((events & 1) != 0)
            {
                return true;
            }

            if (events != 0)
            {
                return false;
            }
        }
    }

    private int Poll(int milliseconds)
    {
        // struct pollfd { int fd; short events; short revents; }
        var entry = (ulong)(uint)_fd.Number | 1UL << 32;
        // SAFETY: one pollfd on the stack.
        return Host.Call(Nr.poll, (long)&entry, 1, milliseconds) > 0 ? (int)(entry >> 48) : 0;
    }
}
