using Dragonet.Abi;

namespace Dragonet.Platform.Linux.Confinement;

/// <summary>
/// The system calls a confined kernel process may make: found by tracing the whole test-suite and by reading what the .NET runtime needs
/// for threads, memory and signals. Everything else is answered with EPERM. Calls whose arguments matter are in
/// <see cref="ConfinementFilter"/>.
/// </summary>
internal static class HostCalls
{
    /// <summary>What is left of <see cref="Guests"/> where there are none: the runtime's own, and sockets that are there already.</summary>
    internal static ReadOnlySpan<Nr> NoGuests => [Nr.tgkill, Nr.tkill, Nr.wait4, Nr.waitid, Nr.recvmsg, Nr.sendto];

    /// <summary>Guests: their memory, their death, blank ones from the zygote. Landlock keeps memory to our own; signals reach all of the user's processes.</summary>
    internal static ReadOnlySpan<Nr> Guests =>
    [
        Nr.process_vm_readv, Nr.process_vm_writev, // memory of guests; the host checks like ptrace(2)
        Nr.pidfd_open, Nr.pidfd_send_signal,       // of each guest process
        Nr.tgkill, Nr.tkill,                       // interrupts; the runtime stops its threads for the collector with it
        Nr.wait4, Nr.waitid,                       // the keeper reaps; the runtime's SIGCHLD handler looks
        Nr.prlimit64,                              // limits of guests
        Nr.recvmsg, Nr.sendto,                     // the zygote's socket, the only one there is
    ];

    /// <summary>Files of volumes, memory files, /proc of guests. Landlock says which paths, and with what rights.</summary>
    internal static ReadOnlySpan<Nr> Files =>
    [
        Nr.openat2, Nr.openat, Nr.open, Nr.close, Nr.read, Nr.write, Nr.pread64, Nr.pwrite64, Nr.readv, Nr.writev, Nr.preadv, Nr.pwritev, Nr.lseek,
        Nr.statx, Nr.fstat, Nr.newfstatat, Nr.stat, Nr.lstat, Nr.fstatfs, Nr.statfs, Nr.access, Nr.faccessat, Nr.faccessat2,
        Nr.getdents64, Nr.readlinkat, Nr.readlink, Nr.getcwd,
        Nr.mkdirat, Nr.mknodat, Nr.symlinkat, Nr.linkat, Nr.unlinkat, Nr.unlink, Nr.renameat2,
        Nr.fchownat, Nr.fchmodat2, Nr.chmod, Nr.utimensat, Nr.getxattr, Nr.setxattr, Nr.listxattr, Nr.removexattr,
        Nr.fsync, Nr.fdatasync, Nr.ftruncate, Nr.fallocate, Nr.fadvise64, Nr.flock, Nr.fcntl, Nr.dup,
        Nr.memfd_create,
    ];

    /// <summary>Waiting for descriptors and for time.</summary>
    internal static ReadOnlySpan<Nr> Events =>
    [
        Nr.epoll_create1, Nr.epoll_ctl, Nr.epoll_wait, Nr.epoll_pwait, Nr.poll, Nr.ppoll, Nr.eventfd2, Nr.pipe2,
        Nr.clock_gettime, Nr.clock_getres, Nr.gettimeofday, Nr.time, Nr.nanosleep, Nr.clock_nanosleep, Nr.restart_syscall,
    ];

    /// <summary>Connections to a socket that was made before: no new sockets, no connecting.</summary>
    internal static ReadOnlySpan<Nr> Serving => [Nr.accept4, Nr.recvfrom, Nr.sendmsg, Nr.shutdown, Nr.getsockopt, Nr.setsockopt, Nr.getsockname, Nr.getpeername];

    /// <summary>IP sockets of our own, when guests may reach the outside through them. socket(2) itself is in the filter, for its arguments.</summary>
    internal static ReadOnlySpan<Nr> Networking =>
    [
        Nr.connect, Nr.accept4, Nr.recvfrom, Nr.shutdown, Nr.getsockopt, Nr.setsockopt, Nr.getsockname,
    ];

    /// <summary>Ports that are published later, for jails of a kernel that stays.</summary>
    internal static ReadOnlySpan<Nr> Publishing => [Nr.bind, Nr.listen];

    /// <summary>What the .NET runtime and the C library do for threads, memory and signals. mprotect and mmap make code: there is a JIT.</summary>
    internal static ReadOnlySpan<Nr> Runtime =>
    [
        Nr.mmap, Nr.munmap, Nr.mprotect, Nr.mremap, Nr.madvise, Nr.brk, Nr.mincore, Nr.msync, Nr.mlock, Nr.munlock,
        Nr.futex, Nr.membarrier, Nr.rseq, Nr.set_robust_list, Nr.set_tid_address, Nr.gettid, Nr.getpid, Nr.getppid, Nr.getcpu, Nr.get_mempolicy,
        Nr.sched_yield, Nr.sched_getaffinity, Nr.sched_setaffinity, Nr.sched_getparam, Nr.sched_getscheduler, Nr.sched_setscheduler, Nr.sched_setattr,
        Nr.sched_get_priority_max, Nr.sched_get_priority_min, Nr.getpriority, Nr.setpriority,
        Nr.rt_sigaction, Nr.rt_sigprocmask, Nr.rt_sigreturn, Nr.rt_sigsuspend, Nr.sigaltstack,
        Nr.exit, Nr.exit_group, Nr.getrandom, Nr.getrusage, Nr.getrlimit, Nr.sysinfo, Nr.uname, Nr.times,
        Nr.geteuid, Nr.getegid, Nr.getuid, Nr.getgid, Nr.getpgrp, Nr.getpgid, Nr.getsid,
    ];
}
