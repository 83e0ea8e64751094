using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>Which capabilities count in a jail. What FreeBSD lets a jail's root always do (prison_priv_check), in Linux' words; the rest only
/// when a parameter allows it. CAP_SYS_ADMIN never counts as a whole: what a jail's root may do of it is asked for one by one.</summary>
internal static class JailRights
{
    private static readonly Capability[] s_always =
    [
        Capability.CAP_CHOWN, Capability.CAP_DAC_OVERRIDE, Capability.CAP_DAC_READ_SEARCH, Capability.CAP_FOWNER, Capability.CAP_FSETID, Capability.CAP_KILL,
        Capability.CAP_SETGID, Capability.CAP_SETUID, Capability.CAP_SETPCAP, Capability.CAP_SETFCAP, Capability.CAP_SYS_CHROOT, Capability.CAP_SYS_PTRACE,
        Capability.CAP_SYS_NICE, Capability.CAP_SYS_RESOURCE, Capability.CAP_SYS_TTY_CONFIG, Capability.CAP_IPC_OWNER, Capability.CAP_LEASE,
        Capability.CAP_AUDIT_WRITE, Capability.CAP_MKNOD,
    ];

    internal static ulong MaskOf(JailValues values)
    {
        if (!values.Flag(JailParameters.AllowSuser))
        {
            return 0;
        }

        ulong mask = 0;
        foreach (var capability in s_always)
        {
            mask |= Bit(capability);
        }

        mask |= values.SharesNetwork ? 0 : Bit(Capability.CAP_NET_ADMIN); // a stack of its own is its own to change
        Allow(JailParameters.AllowReservedPorts, Capability.CAP_NET_BIND_SERVICE);
        Allow(JailParameters.AllowRawSockets, Capability.CAP_NET_RAW);
        Allow(JailParameters.AllowMlock, Capability.CAP_IPC_LOCK);
        Allow(JailParameters.AllowReadMessages, Capability.CAP_SYSLOG);
        Allow(JailParameters.AllowSetTime, Capability.CAP_SYS_TIME);
        if (values.Number(JailParameters.SecureLevel) < 1)
        {
            Allow(JailParameters.AllowChflags, Capability.CAP_LINUX_IMMUTABLE);
        }

        return mask;

        void Allow(JailParameter flag, Capability capability) => mask |= values.Flag(flag) ? Bit(capability) : 0;
    }

    private static ulong Bit(Capability capability) => 1UL << (int)capability;
}
