namespace Dragonet.Kernel;

/// <summary>Signal numbers of x86-64 (signal(7)) and what they do by default.</summary>
public static class Sig
{
    public const int HUP = 1;
    public const int INT = 2;
    public const int QUIT = 3;
    public const int ILL = 4;
    public const int TRAP = 5;
    public const int ABRT = 6;
    public const int BUS = 7;
    public const int FPE = 8;
    public const int KILL = 9;
    public const int USR1 = 10;
    public const int SEGV = 11;
    public const int USR2 = 12;
    public const int PIPE = 13;
    public const int ALRM = 14;
    public const int TERM = 15;
    public const int CHLD = 17;
    public const int CONT = 18;
    public const int STOP = 19;
    public const int TSTP = 20;
    public const int TTIN = 21;
    public const int TTOU = 22;
    public const int URG = 23;
    public const int XCPU = 24;
    public const int XFSZ = 25;
    public const int VTALRM = 26;
    public const int PROF = 27;
    public const int WINCH = 28;
    public const int IO = 29;
    public const int PWR = 30;
    public const int SYS = 31;

    /// <summary>The first real-time signal.</summary>
    public const int RtMin = 32;

    /// <summary>The last signal.</summary>
    public const int Max = 64;

    /// <summary>SA_NOCLDSTOP.</summary>
    public const ulong NoChildStop = 1;

    /// <summary>SA_NOCLDWAIT.</summary>
    public const ulong NoChildWait = 2;

    /// <summary>SA_RESTART.</summary>
    public const ulong Restart = 0x1000_0000;

    /// <summary>SIGKILL and SIGSTOP, which cannot be caught, blocked or ignored.</summary>
    public const ulong Unblockable = 1UL << (KILL - 1) | 1UL << (STOP - 1);

    private const ulong DefaultIgnored = 1UL << (CHLD - 1) | 1UL << (CONT - 1) | 1UL << (URG - 1) | 1UL << (WINCH - 1);
    private const ulong Stops = 1UL << (STOP - 1) | 1UL << (TSTP - 1) | 1UL << (TTIN - 1) | 1UL << (TTOU - 1);

    /// <summary>The bit of a signal in a mask.</summary>
    public static ulong Bit(int signal) => 1UL << (signal - 1);

    /// <summary>SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU.</summary>
    public static bool IsStop(int signal) => (Stops & Bit(signal)) != 0;

    /// <summary>Default action: ignore (SIGCONT continues all the same).</summary>
    public static bool IsIgnoredByDefault(int signal) => (DefaultIgnored & Bit(signal)) != 0;

    /// <summary>Default action: terminate.</summary>
    public static bool IsFatalByDefault(int signal) => ((DefaultIgnored | Stops) & Bit(signal)) == 0;
}
