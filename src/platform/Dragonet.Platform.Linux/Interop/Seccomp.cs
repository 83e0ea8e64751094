namespace Dragonet.Platform.Linux.Interop;

/// <summary>Numbers of linux/seccomp.h.</summary>
internal static class Seccomp
{
    public const uint IoctlRecv = 0xC050_2100;
    public const uint IoctlSend = 0xC018_2101;
    public const uint IoctlIdValid = 0x4008_2102;
    public const uint IoctlAddFd = 0x4018_2103;
    public const uint IoctlSetFlags = 0x4008_2104;

    /// <summary>SECCOMP_USER_NOTIF_FLAG_CONTINUE.</summary>
    public const uint FlagContinue = 1;

    /// <summary>SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (Linux 6.6).</summary>
    public const ulong SyncWakeUp = 1;

    /// <summary>SECCOMP_FILTER_FLAG_SPEC_ALLOW, NEW_LISTENER, WAIT_KILLABLE_RECV.</summary>
    public const long FilterSpecAllow = 4;
    public const long FilterNewListener = 8;
    public const long FilterWaitKillable = 32;

    public const uint RetKillProcess = 0x8000_0000;
    public const uint RetTrap = 0x0003_0000;
    public const uint RetErrno = 0x0005_0000;
    public const uint RetUserNotif = 0x7fc0_0000;
    public const uint RetAllow = 0x7fff_0000;

    public const uint AuditArchX8664 = 0xC000_003E;
}
