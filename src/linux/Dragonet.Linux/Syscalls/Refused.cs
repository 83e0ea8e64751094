using Dragonet.Abi;
using Dragonet.Base;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>What no guest may do here, root or not: it answers what an unprivileged process gets from Linux.</summary>
internal static class Refused
{
    [Syscall(Nr.swapon, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult swapon(Task task) => Errno.EPERM;

    [Syscall(Nr.swapoff, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult swapoff(Task task) => Errno.EPERM;

    [Syscall(Nr.acct, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult acct(Task task) => Errno.EPERM;

    [Syscall(Nr.init_module, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult init_module(Task task) => Errno.EPERM;

    [Syscall(Nr.finit_module, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult finit_module(Task task) => Errno.EPERM;

    [Syscall(Nr.delete_module, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult delete_module(Task task) => Errno.EPERM;

    [Syscall(Nr.kexec_load, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult kexec_load(Task task) => Errno.EPERM;

    [Syscall(Nr.kexec_file_load, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult kexec_file_load(Task task) => Errno.EPERM;

    [Syscall(Nr.iopl, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult iopl(Task task) => Errno.EPERM;

    [Syscall(Nr.ioperm, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult ioperm(Task task) => Errno.EPERM;

    [Syscall(Nr.quotactl, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult quotactl(Task task) => Errno.EPERM;

    [Syscall(Nr.bpf, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult bpf(Task task) => Errno.EPERM;

    [Syscall(Nr.perf_event_open, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult perf_event_open(Task task) => Errno.EACCES;

    [Syscall(Nr.ptrace, Support.Refused, "no debugger inside a guest yet")]
    public static SysResult ptrace(Task task) => Errno.EPERM;

    [Syscall(Nr.userfaultfd, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult userfaultfd(Task task) => Errno.EPERM;

    [Syscall(Nr.open_by_handle_at, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult open_by_handle_at(Task task) => Errno.EPERM;

    [Syscall(Nr.name_to_handle_at, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult name_to_handle_at(Task task) => Errno.EOPNOTSUPP;

    [Syscall(Nr.keyctl, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult keyctl(Task task) => Errno.EPERM;

    [Syscall(Nr.add_key, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult add_key(Task task) => Errno.EPERM;

    [Syscall(Nr.request_key, Support.Refused, "reaches the machine, not the guest")]
    public static SysResult request_key(Task task) => Errno.EPERM;
}
