using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>File types and permission bits (linux/stat.h, inode(7)).</summary>
public static class StatMode
{
    public const uint S_IFMT = 0xF000;
    public const uint S_IFSOCK = 0xC000;
    public const uint S_IFLNK = 0xA000;
    public const uint S_IFREG = 0x8000;
    public const uint S_IFBLK = 0x6000;
    public const uint S_IFDIR = 0x4000;
    public const uint S_IFCHR = 0x2000;
    public const uint S_IFIFO = 0x1000;
    public const uint S_ISUID = 0x800;
    public const uint S_ISGID = 0x400;
    public const uint S_ISVTX = 0x200;
    public const uint S_IRWXU = 0x1C0;
    public const uint S_IXGRP = 0x8;
    public const uint S_IROTH = 0x4;
    public const uint S_IRWXUGO = 0x1FF;
    public const uint S_IXUGO = 0x49;
    /// <summary>All permission bits with set-uid, set-gid and sticky (07777).</summary>
    public const uint S_IALLUGO = 0xFFF;
}

/// <summary>struct stat of x86-64 (asm/stat.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct stat
{
    public ulong st_dev;
    public ulong st_ino;
    public ulong st_nlink;
    public uint st_mode;
    public uint st_uid;
    public uint st_gid;
    public uint __pad0;
    public ulong st_rdev;
    public long st_size;
    public long st_blksize;
    public long st_blocks;
    public long st_atime;
    public long st_atime_nsec;
    public long st_mtime;
    public long st_mtime_nsec;
    public long st_ctime;
    public long st_ctime_nsec;
    public long __unused0;
    public long __unused1;
    public long __unused2;
}

/// <summary>struct statx_timestamp (linux/stat.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct statx_timestamp
{
    public long tv_sec;
    public uint tv_nsec;
    public int __reserved;
}

/// <summary>struct statx (linux/stat.h); 256 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
public struct statx
{
    public uint stx_mask;
    public uint stx_blksize;
    public ulong stx_attributes;
    public uint stx_nlink;
    public uint stx_uid;
    public uint stx_gid;
    public ushort stx_mode;
    public ushort __spare0;
    public ulong stx_ino;
    public ulong stx_size;
    public ulong stx_blocks;
    public ulong stx_attributes_mask;
    public statx_timestamp stx_atime;
    public statx_timestamp stx_btime;
    public statx_timestamp stx_ctime;
    public statx_timestamp stx_mtime;
    public uint stx_rdev_major;
    public uint stx_rdev_minor;
    public uint stx_dev_major;
    public uint stx_dev_minor;
    public ulong stx_mnt_id;
    public uint stx_dio_mem_align;
    public uint stx_dio_offset_align;
}

/// <summary>statx(2) masks and attributes.</summary>
public static class StatxMask
{
    public const uint STATX_BASIC_STATS = 0x7ff;
    public const uint STATX_BTIME = 0x800;
    public const uint STATX_MNT_ID = 0x1000;
    public const uint STATX__RESERVED = 0x80000000;
    public const ulong STATX_ATTR_IMMUTABLE = 0x10;
    public const ulong STATX_ATTR_APPEND = 0x20;
    public const ulong STATX_ATTR_MOUNT_ROOT = 0x2000;
}
