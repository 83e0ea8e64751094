using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Attributes of files (stat(2), statx(2)).</summary>
internal static class Stat
{
    private const AtFlags StatFlags = AtFlags.AT_EMPTY_PATH | AtFlags.AT_NO_AUTOMOUNT | AtFlags.AT_SYMLINK_NOFOLLOW;

    [Syscall(Nr.stat)]
    public static SysResult stat(Task task, UserString path, UserPtr buffer) => newfstatat(task, new Fd(-100), path, buffer, AtFlags.None);

    [Syscall(Nr.lstat)]
    public static SysResult lstat(Task task, UserString path, UserPtr buffer) => newfstatat(task, new Fd(-100), path, buffer, AtFlags.AT_SYMLINK_NOFOLLOW);

    [Syscall(Nr.fstat)]
    public static SysResult fstat(Task task, Fd fd, UserPtr buffer) => OfDescriptor(task, fd).Ok(out var attributes, out var error) ? Write(task, buffer, attributes) : error;

    [Syscall(Nr.newfstatat)]
    public static SysResult newfstatat(Task task, Fd directory, UserString path, UserPtr buffer, AtFlags flags)
    {
        if ((flags & ~StatFlags) != 0)
        {
            return Errno.EINVAL;
        }

        return OfPath(task, directory, path, flags, out _).Ok(out var attributes, out var error) ? Write(task, buffer, attributes) : error;
    }

    [Syscall(Nr.statx)]
    public static SysResult statx(Task task, Fd directory, UserString path, AtFlags flags, uint mask, UserPtr buffer)
    {
        const AtFlags sync = AtFlags.AT_STATX_FORCE_SYNC | AtFlags.AT_STATX_DONT_SYNC;
        if ((flags & ~(StatFlags | sync)) != 0 || (flags & sync) == sync || (mask & StatxMask.STATX__RESERVED) != 0)
        {
            return Errno.EINVAL;
        }

        if (!OfPath(task, directory, path, flags, out var place).Ok(out var a, out var error))
        {
            return error;
        }

        var result = new statx
        {
            stx_mask = StatxMask.STATX_BASIC_STATS | (mask & StatxMask.STATX_MNT_ID) | (a.BirthTime != 0 ? mask & StatxMask.STATX_BTIME : 0),
            stx_blksize = (uint)a.BlockSize,
            stx_attributes_mask = StatxMask.STATX_ATTR_MOUNT_ROOT,
            stx_attributes = place is not null && ReferenceEquals(place.Dentry, place.Mount.Root) ? StatxMask.STATX_ATTR_MOUNT_ROOT : 0,
            stx_nlink = a.Links,
            stx_uid = task.Credentials.ShownUid(a.Uid),
            stx_gid = task.Credentials.ShownGid(a.Gid),
            stx_mode = (ushort)a.Mode,
            stx_ino = a.Number,
            stx_size = (ulong)a.Size,
            stx_blocks = (ulong)a.Blocks,
            stx_atime = Time(a.AccessTime),
            stx_btime = Time(a.BirthTime),
            stx_ctime = Time(a.ChangeTime),
            stx_mtime = Time(a.ModifyTime),
            stx_rdev_major = DeviceNumber.Major(a.RawDevice),
            stx_rdev_minor = DeviceNumber.Minor(a.RawDevice),
            stx_dev_major = DeviceNumber.Major(a.Device),
            stx_dev_minor = DeviceNumber.Minor(a.Device),
            stx_mnt_id = (ulong)(place?.Mount.Id ?? 0),
        };
        return task.Memory.Write(buffer.Address, result);
    }

    /// <summary>Attributes of what a descriptor refers to, O_PATH ones included.</summary>
    private static Result<InodeAttributes> OfDescriptor(Task task, Fd fd)
    {
        if (!task.Files.GetAny(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        var result = file.GetAttributes();
        return result.IsOk && file.Path?.Mount.DeviceOverride is { } device ? result.Value with { Device = device } : result;
    }

    private static Result<InodeAttributes> OfPath(Task task, Fd directory, UserString path, AtFlags flags, out VfsPath? place)
    {
        place = null;
        if (task.IsDescriptorOnly(path, flags) && !directory.IsCwd)
        {
            place = task.Files.GetAny(directory.Value) is { IsOk: true } file ? file.Value.Path : null;
            return OfDescriptor(task, directory);
        }

        if (!task.Find(directory, path, flags.ToWalk()).Ok(out place, out var error))
        {
            return error;
        }

        return VirtualFileSystem.GetAttributes(place);
    }

    private static SysResult Write(Task task, UserPtr buffer, in InodeAttributes a)
    {
        var (access, modify, change) = (timespec.FromNanoseconds(a.AccessTime), timespec.FromNanoseconds(a.ModifyTime), timespec.FromNanoseconds(a.ChangeTime));
        return task.Memory.Write(buffer.Address, new stat
        {
            st_dev = DeviceNumber.Encode(a.Device),
            st_ino = a.Number,
            st_nlink = a.Links,
            st_mode = a.Mode,
            st_uid = task.Credentials.ShownUid(a.Uid),
            st_gid = task.Credentials.ShownGid(a.Gid),
            st_rdev = DeviceNumber.Encode(a.RawDevice),
            st_size = a.Size,
            st_blksize = a.BlockSize,
            st_blocks = a.Blocks,
            st_atime = access.tv_sec,
            st_atime_nsec = access.tv_nsec,
            st_mtime = modify.tv_sec,
            st_mtime_nsec = modify.tv_nsec,
            st_ctime = change.tv_sec,
            st_ctime_nsec = change.tv_nsec,
        });
    }

    private static statx_timestamp Time(long nanoseconds)
    {
        var time = timespec.FromNanoseconds(nanoseconds);
        return new statx_timestamp { tv_sec = time.tv_sec, tv_nsec = (uint)time.tv_nsec };
    }
}
