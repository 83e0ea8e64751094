using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Platform;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>System V shared memory. Attaching needs the full registers: the guest's own stub makes the mapping.</summary>
internal static class SharedMemory
{
    [Syscall(Nr.shmget, Support.Partial, "SHM_HUGETLB answers ENOMEM")]
    public static SysResult shmget(Task task, int key, ulong size, int flags)
    {
        if (!task.Process.Ipc.HasSegments)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        var ipc = task.Process.Ipc;
        ipc.FreeUnused();
        return SysResult.From(ipc.Segments.Get(
            task.Credentials,
            key,
            flags,
            ipc.Limits.ShmMni,
            segment => segment.Size < size ? Errno.EINVAL : Errno.OK,
            () => Pay(task, key, size, flags),
            segment => segment.Free()));
    }

    [Syscall(Nr.shmat)]
    public static SysResult shmat(Task task, int id, ulong address, int flags)
    {
        if (!task.Process.Ipc.HasSegments)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        const ulong offsetInPage = 0xfff;
        var (ipc, remap) = (task.Process.Ipc, (flags & IpcFlags.SHM_REMAP) != 0);
        if (id < 0)
        {
            return Errno.EINVAL;
        }

        if ((flags & IpcFlags.SHM_RND) != 0)
        {
            address &= ~offsetInPage;
        }

        if ((address & offsetInPage) != 0 || (address == 0 && remap))
        {
            return Errno.EINVAL;
        }

        var readOnly = (flags & IpcFlags.SHM_RDONLY) != 0;
        var exec = (flags & IpcFlags.SHM_EXEC) != 0;
        ipc.FreeUnused();
        SharedSegment segment;
        using (ipc.Segments.Lock.Enter())
        {
            if (ipc.Segments.FindLocked(id) is not { } found)
            {
                return Errno.EINVAL;
            }

            if (!found.Allows(task.Credentials, (readOnly ? 4u : 6) | (exec ? 1u : 0)))
            {
                return Errno.EACCES;
            }

            segment = found;
            segment.BeginAttachLocked();
        }

        var protection = VmProt.Read | (readOnly ? 0 : VmProt.Write) | (exec ? VmProt.Exec : 0);
        var how = VmMapFlags.Shared | (address == 0 ? 0 : remap ? VmMapFlags.Fixed : VmMapFlags.Fixed | VmMapFlags.NoReplace);
        // Known to be attached before it is: whoever counts meanwhile looks at what is mapped.
        task.Process.Segments.Add(segment);
        var mapped = address + segment.MappedSize < address ? Errno.EINVAL
            : task.Thread.HasContext ? task.Thread.Map(address, segment.MappedSize, protection, how, segment.Backing, 0)
            : Errno.ENOSYS;
        var done = mapped.Ok(out var place, out var error);
        using (ipc.Segments.Lock.Enter())
        {
            segment.EndAttachLocked(done, task.Process.Pid, ipc.Now);
        }

        // Linux looks for an overlap itself, and says EINVAL (shmat(2)).
        return done ? (long)place : error == Errno.EEXIST ? Errno.EINVAL : error;
    }

    [Syscall(Nr.shmdt)]
    public static SysResult shmdt(Task task, ulong address)
    {
        if (!task.Process.Ipc.HasSegments)
        {
            return task.Fail(Errno.ENOSYS, "the jail has none");
        }

        if ((address & 0xfff) != 0)
        {
            return Errno.EINVAL;
        }

        // Parts of it may be unmapped already: the first that is left where the attachment put it tells which segment it is.
        SharedSegment? segment = null;
        var left = false;
        foreach (var region in task.Space.GetRegions())
        {
            if (region.Backing is not { } backing)
            {
                continue;
            }

            var inPlace = region.Start >= address && region.Start - address == region.Offset;
            if (segment is null && inPlace)
            {
                segment = task.Process.Segments.Find(backing);
            }

            if (segment is not null && ReferenceEquals(segment.Backing, backing))
            {
                if (inPlace && region.End - address <= segment.MappedSize)
                {
                    var error = task.Thread.HasContext ? task.Thread.Unmap(region.Start, region.End - region.Start) : Errno.ENOSYS;
                    if (error != Errno.OK)
                    {
                        return error;
                    }
                }
                else
                {
                    left = true;
                }
            }
        }

        if (segment is null)
        {
            return Errno.EINVAL;
        }

        if (!left && !task.Space.GetRegions().Any(region => ReferenceEquals(region.Backing, segment.Backing)))
        {
            task.Process.Segments.Remove(segment);
        }

        var ipc = task.Process.Ipc;
        using (ipc.Segments.Lock.Enter())
        {
            segment.Detached(task.Process.Pid, ipc.Now);
        }

        ipc.FreeIfUnused(segment);
        return 0;
    }

    /// <summary>The jail pays for the segment and for its size before it is made; ENOSPC as for the limits of the whole system (shmget(2)).</summary>
    private static Result<SharedSegment> Pay(Task task, int key, ulong size, int flags)
    {
        var jail = task.Jail;
        if (size is < 1 or > long.MaxValue / 2)
        {
            return Create(task, key, size, flags);
        }

        if (!jail.Take(Resource.SharedSegments, 1, task))
        {
            return Errno.ENOSPC;
        }

        if (!jail.Take(Resource.SharedMemorySize, (long)size, task))
        {
            jail.Give(Resource.SharedSegments, 1);
            return Errno.ENOSPC;
        }

        var made = Create(task, key, size, flags);
        if (!made.IsOk)
        {
            jail.Give(Resource.SharedSegments, 1);
            jail.Give(Resource.SharedMemorySize, (long)size);
            return made;
        }

        return made.Value.PaidBy(jail);
    }

    private static Result<SharedSegment> Create(Task task, int key, ulong size, int flags)
    {
        var ipc = task.Process.Ipc;
        if (size < 1 || size > ipc.Limits.ShmMax)
        {
            return Errno.EINVAL;
        }

        if (size > long.MaxValue / 2 || !HasRoom(ipc, size))
        {
            return Errno.ENOSPC;
        }

        if ((flags & IpcFlags.SHM_HUGETLB) != 0)
        {
            return Errno.ENOMEM; // no huge pages are reserved
        }

        var pages = (long)((size + 0xfff) & ~0xffful);
        if (!task.Kernel.Vfs.CreateMemoryFile(task, $"/SYSV{key:x8}", (uint)flags & 0x1ff, OpenFlags.O_RDWR, SealFlags.F_SEAL_SEAL).Ok(out var file, out var error))
        {
            return error == Errno.ENOSPC ? Errno.ENOMEM : error;
        }

        // Linux charges a segment when it is made, unless SHM_NORESERVE is given (shmget(2)).
        error = (flags & IpcFlags.SHM_NORESERVE) != 0 ? file.Truncate(task, pages) : file.Allocate(task, FallocFlags.None, 0, pages);
        if (error != Errno.OK || !file.Map(task, shared: true, write: true).Ok(out var memory, out error))
        {
            file.Release();
            return error == Errno.ENOSPC ? Errno.ENOMEM : error;
        }

        var backing = memory.GetBacking(writable: true);
        task.Kernel.NameMapping(backing, file);
        return new SharedSegment(key, (uint)flags, task.Credentials, ipc.Now, size, task.Process.Pid, file, backing);
    }

    private static bool HasRoom(IpcNamespace ipc, ulong size)
    {
        using (ipc.Segments.Lock.Enter())
        {
            ulong pages = (size + 0xfff) / 4096;
            foreach (var segment in ipc.Segments.AllLocked)
            {
                pages += segment.MappedSize / 4096;
            }

            return pages <= ipc.Limits.ShmAll;
        }
    }
}
