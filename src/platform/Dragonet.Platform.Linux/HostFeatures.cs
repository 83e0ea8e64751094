using System.IO;
using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux;

/// <summary>What the host's kernel offers, found by trying.</summary>
public sealed unsafe record HostFeatures
{
    /// <summary>SECCOMP_RET_USER_NOTIF.</summary>
    public bool SeccompNotification { get; private init; }

    /// <summary>SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP.</summary>
    public bool SynchronousWakeUp { get; private init; }

    /// <summary>futex_wake(2), futex_wait(2), futex_requeue(2) (Linux 6.7). A filter around this process may not know them, either.</summary>
    internal static bool HasFutex2 { get; } = TryFutex2();

    /// <summary>openat2(2).</summary>
    public bool OpenAt2 { get; private init; }

    /// <summary>landlock(7).</summary>
    public bool Landlock { get; private init; }

    /// <summary>process_vm_readv(2) on children.</summary>
    public bool GuestMemory { get; private init; }

    /// <summary>Hard limit of open files.</summary>
    public long OpenFiles { get; private init; }

    /// <summary>Tries everything. Nothing changes on the host.</summary>
    public static HostFeatures Probe()
    {
        // SECCOMP_GET_ACTION_AVAIL answers for one action.
        var action = Seccomp.RetUserNotif;
        var notification = Host.Call(Nr.seccomp, 2, 0, (long)&action) == 0;
        var limit = stackalloc ulong[2];
        // SAFETY: struct rlimit64 is two unsigned longs; the other calls get null or bad pointers on purpose and answer with an errno.
        _ = Host.Call(Nr.prlimit64, 0, 7, 0, (long)limit);
        var scope = HostFileText("/proc/sys/kernel/yama/ptrace_scope");
        return new HostFeatures
        {
            SeccompNotification = notification,
            SynchronousWakeUp = HostVersion.Current >= new Version(6, 6),
            OpenAt2 = Host.ErrnoOf(Host.Call(Nr.openat2, -1, 0, 0, 0)) != Errno.ENOSYS,
            Landlock = Host.Call(Nr.landlock_create_ruleset, 0, 0, 1) > 0,
            GuestMemory = scope is null or "0" or "1",
            OpenFiles = (long)Math.Min(limit[1], long.MaxValue),
        };
    }

    private static bool TryFutex2()
    {
        const uint any = uint.MaxValue, wordPrivate = 0x82; // FUTEX2_SIZE_U32 | FUTEX2_PRIVATE
        var word = 0;
        // SAFETY: a word on the stack, for which nobody waits.
        return Host.Call(Nr.futex_wake, (long)&word, any, 1, wordPrivate) == 0;
    }

    private static string? HostFileText(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;
}
