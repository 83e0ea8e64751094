using Dragonet.Abi;
using Dragonet.Base;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Files in memory (memfd_create(2)).</summary>
internal static class MemoryFile
{
    private const uint MFD_CLOEXEC = 1;
    private const uint MFD_ALLOW_SEALING = 2;
    private const uint MFD_HUGETLB = 4;
    private const uint MFD_NOEXEC_SEAL = 8;
    private const uint MFD_EXEC = 16;
    private const int MaxName = 249;

    [Syscall(Nr.memfd_create, Support.Partial, "MFD_HUGETLB answers ENODEV")]
    public static SysResult memfd_create(Task task, UserString name, uint flags)
    {
        if ((flags & MFD_HUGETLB) != 0)
        {
            return task.Fail(Errno.ENODEV, "no huge pages");
        }

        if ((flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) != 0 || (flags & (MFD_NOEXEC_SEAL | MFD_EXEC)) == (MFD_NOEXEC_SEAL | MFD_EXEC))
        {
            return Errno.EINVAL;
        }

        if (!name.Read(task, MaxName + 1, Errno.EINVAL).Ok(out var text, out var error))
        {
            return error;
        }

        var noExec = (flags & MFD_NOEXEC_SEAL) != 0;
        var seals = noExec ? SealFlags.F_SEAL_EXEC : (flags & MFD_ALLOW_SEALING) != 0 ? SealFlags.None : SealFlags.F_SEAL_SEAL;
        var mode = noExec ? 0x1B6u : 0x1FFu; // 0666, 0777
        return task.Kernel.Vfs.CreateMemoryFile(task, "/memfd:" + text, mode, OpenFlags.O_RDWR | OpenFlags.O_LARGEFILE, seals).Ok(out var file, out error)
            ? task.Install(file, (flags & MFD_CLOEXEC) != 0)
            : error;
    }
}
