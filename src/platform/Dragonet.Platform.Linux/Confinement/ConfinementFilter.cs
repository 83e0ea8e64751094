using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;
using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Confinement;

/// <summary>
/// The seccomp filter that the kernel process puts on itself: an allow-list. It cannot start programs, open sockets, trace, mount, load
/// modules or make namespaces any more. Guests do not inherit it: they are clones of the zygote, which exists before.
/// </summary>
internal static class ConfinementFilter
{
    private const long CloneThread = 0x10000;

    /// <summary>ioctl(2): notifications, and terminals that we were started on. Not TIOCSTI, which types into them.</summary>
    private static readonly uint[] s_controls =
    [
        Seccomp.IoctlRecv, Seccomp.IoctlSend, Seccomp.IoctlIdValid, Seccomp.IoctlAddFd, Seccomp.IoctlSetFlags,
        0x5401, 0x5402, 0x5403, 0x5404, // TCGETS, TCSETS, TCSETSW, TCSETSF
        0x540f,                         // TIOCGPGRP: the runtime asks whether it is in the foreground
        0x5413,                         // TIOCGWINSZ
    ];

    /// <summary>prctl(2): precise timers, names of threads and of memory.</summary>
    private static readonly uint[] s_processControls = [29, 15, 16, 0x53564d41]; // PR_SET_TIMERSLACK, PR_SET_NAME, PR_GET_NAME, PR_SET_VMA

    /// <summary>Builds the program.</summary>
    /// <param name="self">Our own pid, which kill(2) may name.</param>
    /// <param name="serves">Connections may be accepted.</param>
    /// <param name="network">Sockets of IP may be opened.</param>
    /// <param name="hasGuests">It is a kernel: guests' memory, and files.</param>
    internal static byte[] Build(int self, bool serves, bool network, bool hasGuests = true)
    {
        var p = new BpfProgram();
        _ = p.Load(4).IfNotEqual(Seccomp.AuditArchX8664, "refuse").Load(0);

        // The most frequent first, since its argument keeps the host from caching the answer. x32 numbers match nothing.
        _ = p.IfEqual((uint)Nr.ioctl, "ioctl");
        Nr[] calls = [.. hasGuests ? HostCalls.Guests : HostCalls.NoGuests, .. HostCalls.Files, .. HostCalls.Events, .. HostCalls.Runtime, .. serves ? HostCalls.Serving : [], .. network ? HostCalls.Networking : [], .. network && serves ? HostCalls.Publishing : []];
        _ = p.Search(BpfCase.Each(calls, "allow"));

        _ = p.IfEqual((uint)Nr.clone, "clone").IfEqual((uint)Nr.clone3, "clone3").IfEqual((uint)Nr.prctl, "prctl").IfEqual((uint)Nr.kill, "kill");
        _ = (network ? p.IfEqual((uint)Nr.socket, "socket") : p).Goto("refuse");

        _ = p.Label("ioctl").Load(24);
        foreach (var control in s_controls)
        {
            _ = p.IfEqual(control, "allow");
        }

        // Threads, no processes. The flags of clone3(2) are in memory, where a filter cannot look: the C library falls back to clone(2).
        _ = p.Goto("refuse").Label("clone").Load(16).IfAnyBit((uint)CloneThread, "allow").Goto("refuse");
        _ = p.Label("clone3").Return(Seccomp.RetErrno | (uint)Errno.ENOSYS);

        _ = p.Label("prctl").Load(16);
        foreach (var control in s_processControls)
        {
            _ = p.IfEqual(control, "allow");
        }

        if (network)
        {
            // AF_INET and AF_INET6; not raw ones, whose types are above SOCK_DGRAM: 1 and 2 with SOCK_NONBLOCK and SOCK_CLOEXEC, as we open them.
            _ = p.Goto("refuse").Label("socket").Load(16).IfEqual(2, "type").IfEqual(10, "type").Goto("refuse");
            _ = p.Label("type").Load(24).IfEqual(0x80801, "allow").IfEqual(0x80802, "allow");
        }

        // Our own process group is stopped as ^Z would; the runtime ends itself with a signal it got.
        _ = p.Goto("refuse").Label("kill").Load(16).IfEqual(0, "allow").IfEqual((uint)self, "allow");
        _ = p.Label("refuse").Return(Seccomp.RetErrno | (uint)Errno.EPERM);
        _ = p.Label("allow").Return(Seccomp.RetAllow);
        return p.ToArray();
    }
}
