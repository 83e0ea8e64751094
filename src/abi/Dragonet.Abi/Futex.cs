using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>Operations of futex(2) without the flags (linux/futex.h).</summary>
public enum FutexOp
{
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_FD = 2,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE = 4,
    FUTEX_WAKE_OP = 5,
    FUTEX_LOCK_PI = 6,
    FUTEX_UNLOCK_PI = 7,
    FUTEX_TRYLOCK_PI = 8,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET = 10,
    FUTEX_WAIT_REQUEUE_PI = 11,
    FUTEX_CMP_REQUEUE_PI = 12,
    FUTEX_LOCK_PI2 = 13,
}

/// <summary>Constants of linux/futex.h.</summary>
public static class FutexBits
{
    public const int FUTEX_PRIVATE_FLAG = 128;
    public const int FUTEX_CLOCK_REALTIME = 256;
    public const uint FUTEX_BITSET_MATCH_ANY = 0xffffffff;
    public const uint FUTEX_WAITERS = 0x80000000;
    public const uint FUTEX_OWNER_DIED = 0x40000000;
    public const uint FUTEX_TID_MASK = 0x3fffffff;
    public const uint FUTEX2_SIZE_U32 = 2;
    public const uint FUTEX2_SIZE_MASK = 3;
    public const uint FUTEX2_PRIVATE = FUTEX_PRIVATE_FLAG;
    public const int FUTEX_WAITV_MAX = 128;
    public const int ROBUST_LIST_LIMIT = 2048;
}

/// <summary>struct futex_waitv.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct futex_waitv
{
    public ulong val;
    public ulong uaddr;
    public uint flags;
    public uint __reserved;
}

/// <summary>struct robust_list_head.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct robust_list_head
{
    public ulong list;
    public long futex_offset;
    public ulong list_op_pending;
}
