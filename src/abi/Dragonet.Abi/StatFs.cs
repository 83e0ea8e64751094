using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>struct statfs of x86-64 (asm-generic/statfs.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct statfs
{
    public long f_type;
    public long f_bsize;
    public ulong f_blocks;
    public ulong f_bfree;
    public ulong f_bavail;
    public ulong f_files;
    public ulong f_ffree;
    public int f_fsid0;
    public int f_fsid1;
    public long f_namelen;
    public long f_frsize;
    public long f_flags;
    public long f_spare0;
    public long f_spare1;
    public long f_spare2;
    public long f_spare3;
}

/// <summary>File system magic numbers (linux/magic.h).</summary>
public static class Magic
{
    public const long TMPFS_MAGIC = 0x01021994;
    public const long PROC_SUPER_MAGIC = 0x9fa0;
    public const long SYSFS_MAGIC = 0x62656572;
    public const long OVERLAYFS_SUPER_MAGIC = 0x794c7630;
    public const long EXT4_SUPER_MAGIC = 0xEF53;
    public const long CGROUP2_SUPER_MAGIC = 0x63677270;
    public const long DEVPTS_SUPER_MAGIC = 0x1cd1;
    public const long PIPEFS_MAGIC = 0x50495045;
    public const long ANON_INODE_FS_MAGIC = 0x09041934;
    public const long NSFS_MAGIC = 0x6e736673;
}
