using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>struct sigevent (asm-generic/siginfo.h), 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct sigevent
{
    public ulong sigev_value;
    public int sigev_signo;
    public int sigev_notify;
    public int sigev_notify_thread_id;

    public const int SIGEV_SIGNAL = 0;
    public const int SIGEV_NONE = 1;
    public const int SIGEV_THREAD = 2;
    public const int SIGEV_THREAD_ID = 4;
}
