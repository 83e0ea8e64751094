namespace Dragonet.Kernel;

/// <summary>What a signal carries (siginfo_t, sigaction(2)), independent of its layout in guest memory.</summary>
public readonly record struct SigInfo
{
    /// <summary>si_signo, 1 to 64.</summary>
    public int Signal { get; init; }

    /// <summary>si_code.</summary>
    public int Code { get; init; }

    /// <summary>si_errno.</summary>
    public int Errno { get; init; }

    /// <summary>si_pid, as the receiver numbers processes.</summary>
    public int Pid { get; init; }

    /// <summary>si_uid.</summary>
    public uint Uid { get; init; }

    /// <summary>si_value (sigqueue, timers, message queues).</summary>
    public ulong Value { get; init; }

    /// <summary>si_addr of a fault.</summary>
    public ulong Address { get; init; }

    /// <summary>si_status of SIGCHLD.</summary>
    public int Status { get; init; }

    /// <summary>si_utime of SIGCHLD, in clock ticks of 10 ms.</summary>
    public long UserTicks { get; init; }

    /// <summary>si_stime of SIGCHLD, in clock ticks of 10 ms.</summary>
    public long SystemTicks { get; init; }

    /// <summary>si_timerid of a POSIX timer.</summary>
    public int TimerId { get; init; }

    /// <summary>si_overrun of a POSIX timer.</summary>
    public int Overrun { get; init; }

    /// <summary>si_band of SIGIO.</summary>
    public long Band { get; init; }

    /// <summary>si_fd of SIGIO.</summary>
    public int Fd { get; init; }

    /// <summary>Sent by the kernel itself (SI_KERNEL).</summary>
    public static SigInfo FromKernel(int signal) => new() { Signal = signal, Code = 0x80 };

    /// <summary>Sent by kill(2) (SI_USER).</summary>
    public static SigInfo FromUser(int signal, Task sender) => new() { Signal = signal, Code = 0, Pid = sender.Process.Pid, Uid = sender.Credentials.Uid };
}
