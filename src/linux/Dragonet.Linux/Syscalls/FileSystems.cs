using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Statistics of file systems (statfs(2), ustat(2)).</summary>
internal static class FileSystems
{
    [Syscall(Nr.statfs)]
    public static SysResult statfs(Task task, UserString path, UserPtr buffer)
        => task.Find(new Fd(-100), path, WalkFlags.Follow).Ok(out var place, out var error) ? Write(task, place, buffer) : error;

    [Syscall(Nr.fstatfs)]
    public static SysResult fstatfs(Task task, Fd fd, UserPtr buffer)
    {
        if (!task.Files.GetAny(fd.Value).Ok(out var file, out var error))
        {
            return error;
        }

        if (file.Path is { } place)
        {
            return Write(task, place, buffer);
        }

        // Pipes, sockets and anonymous inodes are in file systems without size.
        var type = file.Description.StartsWith("pipe:", StringComparison.Ordinal) ? Magic.PIPEFS_MAGIC : Magic.ANON_INODE_FS_MAGIC;
        return task.Memory.Write(buffer.Address, new statfs { f_type = type, f_bsize = 4096, f_frsize = 4096, f_namelen = 255 });
    }

    [Syscall(Nr.ustat)]
    public static SysResult ustat(Task task, uint device, UserPtr buffer)
    {
        foreach (var mount in task.Fs.Root.Mount.Namespace?.List() ?? [])
        {
            if (DeviceNumber.Encode(mount.FileSystem.Device) == device)
            {
                if (!mount.FileSystem.GetStatistics().Ok(out var s, out var error))
                {
                    return error;
                }

                // struct ustat: int f_tfree, pad, unsigned long f_tinode, char f_fname[6], f_fpack[6].
                return task.Memory.WriteArray<ulong>(buffer.Address, [(uint)s.FreeBlocks, s.FreeFiles, 0, 0]);
            }
        }

        return Errno.EINVAL;
    }

    private static SysResult Write(Task task, VfsPath place, UserPtr buffer)
    {
        if (!place.Mount.FileSystem.GetStatistics().Ok(out var s, out var error))
        {
            return error;
        }

        // ST_* flags are the mount's, with ST_VALID (0x20); ST_RELATIME is 0x1000.
        var mount = place.Mount;
        var flags = 0x20 | (mount.IsReadOnly ? 1 : 0) | (mount.Has(MountFlags.MS_NOSUID) ? 2 : 0) | (mount.Has(MountFlags.MS_NODEV) ? 4 : 0)
            | (mount.Has(MountFlags.MS_NOEXEC) ? 8 : 0) | (mount.Has(MountFlags.MS_NOATIME) ? 1024 : 0) | (mount.Has(MountFlags.MS_NODIRATIME) ? 2048 : 0)
            | (mount.Has(MountFlags.MS_RELATIME) ? 0x1000 : 0) | (mount.Has(MountFlags.MS_NOSYMFOLLOW) ? 0x2000 : 0);
        return task.Memory.Write(buffer.Address, new statfs
        {
            f_type = s.Type,
            f_bsize = s.BlockSize,
            f_frsize = s.BlockSize,
            f_blocks = s.Blocks,
            f_bfree = s.FreeBlocks,
            f_bavail = s.AvailableBlocks,
            f_files = s.Files,
            f_ffree = s.FreeFiles,
            f_fsid0 = (int)place.Mount.FileSystem.Device,
            // An alias (nullfs) has an identity of its own, which stays as long as the directory that it shows.
            f_fsid1 = place.Mount.DeviceOverride is null ? 0 : (int)place.Mount.Root.Inode!.Number + 1,
            f_namelen = s.NameLength,
            f_flags = flags,
        });
    }
}
