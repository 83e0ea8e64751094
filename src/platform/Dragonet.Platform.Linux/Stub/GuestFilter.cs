using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Stub;

/// <summary>
/// The wall: the seccomp filter on every guest process. What it allows a guest may do with any arguments that pass, from anywhere.
/// A call is allowed only when it touches nothing but the caller's own memory and threads; everything else is a notification (the
/// virtual kernel answers) or a SIGSYS (the kernel needs the full register file).
/// </summary>
internal static class GuestFilter
{
    // Offsets in struct seccomp_data.
    private const uint NumberOffset = 0;
    private const uint ArchOffset = 4;
    private const uint PointerLow = 8;
    private const uint PointerHigh = 12;

    private static uint Low(int argument) => 16 + ((uint)argument * 8);

    private static uint High(int argument) => 20 + ((uint)argument * 8);

    /// <summary>Calls on the caller's own memory and processor; the filter need not look at arguments. Each is data with its reason in
    /// docs/lanes.md.</summary>
    private static readonly Nr[] s_nativeAlways =
    [
        Nr.munmap, Nr.mprotect, Nr.brk, Nr.mremap, Nr.sched_yield, Nr.mincore, Nr.msync,
        Nr.gettimeofday, Nr.time, Nr.getcpu, Nr.restart_syscall, Nr.rseq, Nr.futex_waitv,
    ];

    /// <summary>The same where the host has them, and nothing elsewhere: their waiters are futex(2)'s, which the kernel does not know.</summary>
    private static readonly Nr[] s_futex2 = [Nr.futex_wake, Nr.futex_wait, Nr.futex_requeue];

    /// <summary>Calls the stub makes for the kernel, allowed only at the stub's addresses. A guest can jump there, so each must be
    /// harmless with any arguments: a process has no descriptors but those lent to it, which are files it may map anyway, and a futex is
    /// its own memory.</summary>
    private static readonly Nr[] s_stubOnly =
    [
        Nr.mmap, Nr.munmap, Nr.mprotect, Nr.madvise, Nr.close, Nr.rt_sigreturn, Nr.getppid, Nr.getpid, Nr.sendmsg, Nr.sigaltstack, Nr.exit_group, Nr.exit,
        Nr.futex,
    ];

    /// <summary>Builds the program.</summary>
    /// <param name="strict">Everything goes to the virtual kernel.</param>
    internal static byte[] Build(bool strict)
    {
        var p = new BpfProgram();
        _ = p.Load(ArchOffset).IfNotEqual(Seccomp.AuditArchX8664, "enosys");
        _ = p.Load(NumberOffset).IfAtLeast(0x4000_0000, "enosys"); // x32
        if (!strict)
        {
            // First the most frequent call of those with arguments to look at: FUTEX_WAIT, WAKE, the bitset ones. The others are below.
            _ = p.IfNotEqual((uint)Nr.futex, "others").Load(Low(1)).And(0x7f).IfEqual(0, "allow").IfEqual(1, "allow").IfEqual(9, "allow")
                .IfEqual(10, "allow").Label("others").Load(NumberOffset);

            // By number alone: the host caches such answers in a bitmap and does not run the program at all.
            _ = p.Search([.. BpfCase.Each(s_nativeAlways, "allow"), .. BpfCase.Each(s_futex2, HostFeatures.HasFutex2 ? "allow" : "enosys")]);
        }

        // Is it the stub?
        _ = p.Load(PointerHigh).IfNotEqual((uint)(StubLayout.Code >> 32), "guest");
        _ = p.Load(PointerLow).IfAtLeast((uint)(StubLayout.Code & 0xffff_ffff) + 0x1000, "guest");
        _ = p.Load(NumberOffset);
        _ = p.Search(BpfCase.Each(s_stubOnly, "allow")).IfNotEqual((uint)Nr.prctl, "notify");
        _ = p.Load(Low(0)).IfNotEqual(1, "notify").Load(Low(1)).IfEqual(9, "allow").Goto("notify");

        _ = p.Label("guest").Load(NumberOffset);
        if (!strict)
        {
            _ = p.Search([.. BpfCase.Each([Nr.clock_gettime, Nr.clock_getres], "clock"), new((uint)Nr.mmap, "mmap"), new((uint)Nr.madvise, "madvise"), new((uint)Nr.arch_prctl, "arch_prctl")]);
        }

        _ = p.Search(
        [
            new((uint)Nr.futex, "futex"), new((uint)Nr.clone, strict ? "trap" : "clone"), new((uint)Nr.setrlimit, "setrlimit"), new((uint)Nr.prlimit64, "prlimit"),
            .. BpfCase.Each([Nr.clone3, Nr.fork, Nr.vfork, Nr.rt_sigreturn, Nr.sigaltstack, Nr.shmat, Nr.shmdt], "trap"),
        ]).Goto("notify");

        // mmap: anonymous memory, and none of the flags that reach beyond the process or pin memory.
        _ = p.Label("mmap").Load(Low(3)).IfAnyBit(0x20, "mmap_anonymous").Goto("notify");
        _ = p.Label("mmap_anonymous").IfAnyBit(0x40000 | 0x2000, "notify").Goto("allow"); // MAP_HUGETLB, MAP_LOCKED

        // futex: all but the priority-inheriting ones, whose words hold the virtual kernel's thread numbers. For those that take a lock the
        // kernel has the stub mark the word, which other threads change meanwhile.
        _ = p.Label("futex").Load(Low(1)).And(0x7f).IfEqual(6, "trap").IfEqual(7, "notify").IfEqual(8, "trap").IfEqual(11, "notify").IfEqual(12, "trap")
            .IfEqual(13, "trap").Goto(strict ? "notify" : "allow");

        // clone: from the channel's code, whose arguments are all in registers, the kernel looks at it and lets it pass or not.
        if (!strict)
        {
            _ = p.Label("clone").Load(PointerHigh).IfNotEqual((uint)(StubLayout.ChannelCode >> 32), "trap").Load(PointerLow)
                .IfAtLeast((uint)(StubLayout.ChannelCode & 0xffff_ffff) + 0x1000, "trap").Goto("notify");
        }

        // madvise: not the ones that poison pages.
        _ = p.Label("madvise").Load(Low(2)).IfAtLeast(100, "notify").Goto("allow");

        // clock_gettime, clock_getres: negative ids are CPU clocks of processes and threads by number (clock_getcpuclockid(3)).
        _ = p.Label("clock").Load(Low(0)).IfAtLeast(0x8000_0000, "notify").Goto("allow");

        // arch_prctl: ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS.
        _ = p.Label("arch_prctl").Load(High(0)).IfNotEqual(0, "notify").Load(Low(0)).IfEqual(0x1001, "allow").IfEqual(0x1002, "allow").IfEqual(0x1003, "allow")
            .IfEqual(0x1004, "allow").Goto("notify");

        // setrlimit, prlimit64: a new RLIMIT_STACK changes the protection of the stack.
        _ = p.Label("setrlimit").Load(Low(0)).IfEqual(3, "trap").Goto("notify");
        _ = p.Label("prlimit").Load(Low(1)).IfNotEqual(3, "notify").Load(Low(2)).IfNotEqual(0, "trap").Goto("notify");

        _ = p.Label("notify").Return(Seccomp.RetUserNotif);
        _ = p.Label("allow").Return(Seccomp.RetAllow);
        _ = p.Label("trap").Return(Seccomp.RetTrap);
        _ = p.Label("enosys").Return(Seccomp.RetErrno | (uint)Errno.ENOSYS);
        return p.ToArray();
    }
}
