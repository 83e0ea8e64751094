using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>struct iovec (sys/uio.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct iovec
{
    public ulong iov_base;
    public ulong iov_len;
}

/// <summary>Flags of splice(2), tee(2) and vmsplice(2).</summary>
[Flags]
public enum SpliceFlags : uint
{
    None = 0,
    SPLICE_F_MOVE = 1,
    SPLICE_F_NONBLOCK = 2,
    SPLICE_F_MORE = 4,
    SPLICE_F_GIFT = 8,
    All = 15,
}
