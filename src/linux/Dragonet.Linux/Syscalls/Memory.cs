using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>
/// Memory of the calling process. The host does the work; what reaches the kernel are mappings of files, and in strict mode
/// everything.
/// </summary>
internal static class Memory
{
    private const int Shared = 1;
    private const int TypeMask = 0xf;
    private const int Anonymous = 0x20;

    [Syscall(Nr.mmap, Support.Partial, "MAP_HUGETLB and MAP_LOCKED are refused")]
    public static SysResult mmap(Task task, ulong address, ulong length, int protection, int flags, Fd fd, ulong offset)
    {
        if ((flags & 0x40000) != 0)
        {
            return task.Fail(Errno.ENOMEM, "no huge pages are reserved");
        }

        if ((flags & Anonymous) != 0)
        {
            return SysResult.Native;
        }

        if (!task.Files.Get(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (length == 0 || (offset & 0xfff) != 0 || (flags & TypeMask) is not (1 or 2 or 3))
        {
            return Errno.EINVAL;
        }

        var shared = (flags & TypeMask) != 2;
        var write = (protection & (int)VmProt.Write) != 0;
        if (!file.CanRead || (shared && write && !file.CanWrite))
        {
            return Errno.EACCES;
        }

        if ((protection & (int)VmProt.Exec) != 0 && file.Path is { } path && path.Mount.Has(MountFlags.MS_NOEXEC))
        {
            return Errno.EPERM;
        }

        // A later mprotect may ask for writing: the lent descriptor decides once, as the open mode does natively.
        var writable = shared && file.CanWrite;
        if (file.MapsAnonymous)
        {
            // Memory of its own, that goes with the last mapping.
            if (!task.Kernel.Vfs.CreateMemoryFile(task, "/dev/zero", 0, OpenFlags.O_RDWR, SealFlags.F_SEAL_SEAL).Ok(out file, out error)
                || (error = file.Truncate(task, (long)Math.Min(offset + ((length + 0xfff) & ~0xffful), long.MaxValue))) != Errno.OK)
            {
                return error;
            }
        }

        if (!file.Map(task, shared, writable).Ok(out var memory, out error))
        {
            // A sealed file can still be mapped for reading; then it can never be made writable (F_SEAL_FUTURE_WRITE, fcntl(2)).
            if (error != Errno.EPERM || !writable || write)
            {
                return error;
            }

            writable = false;
            if (!file.Map(task, shared, write: false).Ok(out memory, out error))
            {
                return error;
            }
        }

        var backing = memory.GetBacking(writable);
        task.Kernel.NameMapping(backing, file);
        var isCode = !shared && (protection & (int)(VmProt.Exec | VmProt.Write)) == (int)VmProt.Exec;
        task.LendMapping(backing, writable, fd.Value, isCode ? ((long)offset, (length + 0xfff) & ~0xffful) : null);
        return SysResult.Native;
    }

    [Syscall(Nr.munmap)]
    public static SysResult munmap(Task task, ulong address, ulong length) => SysResult.Native;

    [Syscall(Nr.mprotect)]
    public static SysResult mprotect(Task task, ulong address, ulong length, int protection) => SysResult.Native;

    [Syscall(Nr.mremap)]
    public static SysResult mremap(Task task, ulong old, ulong oldSize, ulong newSize, int flags, ulong target) => SysResult.Native;

    [Syscall(Nr.madvise, Support.Partial, "MADV_HWPOISON and MADV_SOFT_OFFLINE are refused")]
    public static SysResult madvise(Task task, ulong address, ulong length, int advice) => advice is 100 or 101 ? Errno.EPERM : SysResult.Native;

    [Syscall(Nr.brk)]
    public static SysResult brk(Task task, ulong address) => SysResult.Native;

    [Syscall(Nr.msync)]
    public static SysResult msync(Task task, ulong address, ulong length, int flags) => SysResult.Native;

    [Syscall(Nr.mincore)]
    public static SysResult mincore(Task task, ulong address, ulong length, UserPtr vector) => SysResult.Native;

    [Syscall(Nr.pkey_mprotect, Support.Partial, "key -1 only")]
    public static SysResult pkey_mprotect(Task task, ulong address, ulong length, int protection, int key) => key == -1 ? SysResult.Native : Errno.EINVAL;

    [Syscall(Nr.pkey_alloc, Support.Refused, "as on a processor without protection keys")]
    public static SysResult pkey_alloc(Task task, uint flags, uint rights) => Errno.ENOSPC;

    [Syscall(Nr.pkey_free, Support.Refused, "as on a processor without protection keys")]
    public static SysResult pkey_free(Task task, int key) => Errno.EINVAL;

    [Syscall(Nr.membarrier)]
    public static SysResult membarrier(Task task, int command, uint flags, int cpu) => SysResult.Native;

    [Syscall(Nr.arch_prctl)]
    public static SysResult arch_prctl(Task task, int code, ulong address) => code is >= 0x1001 and <= 0x1004 ? SysResult.Native : Errno.EINVAL;

    [Syscall(Nr.rseq)]
    public static SysResult rseq(Task task, UserPtr area, uint length, int flags, uint signature) => SysResult.Native;

    [Syscall(Nr.mbind, Support.Partial, "accepted; one memory node")]
    public static SysResult mbind(Task task, ulong address, ulong length, int mode, UserPtr mask, ulong maximum, uint flags) => 0;

    [Syscall(Nr.set_mempolicy, Support.Partial, "accepted; one memory node")]
    public static SysResult set_mempolicy(Task task, int mode, UserPtr mask, ulong maximum) => 0;

    [Syscall(Nr.get_mempolicy, Support.Partial, "one memory node, default policy")]
    public static SysResult get_mempolicy(Task task, UserPtr mode, UserPtr mask, ulong maximum, ulong address, ulong flags)
    {
        if (!mode.IsNull && task.Memory.Write(mode.Address, 0) != Errno.OK)
        {
            return Errno.EFAULT;
        }

        return mask.IsNull || maximum < 64 ? 0 : task.Memory.Write(mask.Address, 1UL);
    }
}
