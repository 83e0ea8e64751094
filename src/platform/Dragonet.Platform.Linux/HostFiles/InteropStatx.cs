using Dragonet.Abi;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>statx(2) of the host.</summary>
internal static unsafe class InteropStatx
{
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const int STATX_ALL = 0xfff;

    /// <summary>Attributes of a name in a directory, or of the descriptor itself for an empty name. Never follows a link.</summary>
    internal static Errno Get(int fd, string name, out HostAttributes attributes)
    {
        Span<byte> path = stackalloc byte[CPath.NameSize];
        CPath.Fill(name, path);
        statx result;
        long error;
        fixed (byte* pointer = path)
        {
            // SAFETY: the name is NUL-terminated, the result is 256 bytes as the kernel writes them.
            error = Host.Call(Nr.statx, fd, (long)pointer, AT_SYMLINK_NOFOLLOW | (name.Length == 0 ? AT_EMPTY_PATH : 0), STATX_ALL, (long)(&result));
        }

        if (error < 0)
        {
            attributes = default;
            return Host.ErrnoOf(error);
        }

        attributes = new HostAttributes
        {
            Device = (ulong)result.stx_dev_major << 20 | result.stx_dev_minor,
            Number = result.stx_ino,
            Mode = result.stx_mode,
            Links = result.stx_nlink,
            Uid = result.stx_uid,
            Gid = result.stx_gid,
            RawDevice = (ulong)result.stx_rdev_major << 20 | result.stx_rdev_minor,
            Size = (long)result.stx_size,
            BlockSize = (int)result.stx_blksize,
            Blocks = (long)result.stx_blocks,
            AccessTime = Time(result.stx_atime),
            ModifyTime = Time(result.stx_mtime),
            ChangeTime = Time(result.stx_ctime),
            BirthTime = Time(result.stx_btime),
        };
        return Errno.OK;
    }

    private static long Time(statx_timestamp time)
        => time.tv_sec is > -9_000_000_000 and < 9_000_000_000 ? time.tv_sec * 1_000_000_000 + time.tv_nsec : time.tv_sec < 0 ? long.MinValue : long.MaxValue;
}
