using System.Runtime.InteropServices;

namespace Dragonet.Abi;

/// <summary>Flags and commands of System V IPC (linux/ipc.h, shm.h, sem.h, msg.h).</summary>
public static class IpcFlags
{
    public const int IPC_PRIVATE = 0;
    public const int IPC_CREAT = 0x200;
    public const int IPC_EXCL = 0x400;
    public const int IPC_NOWAIT = 0x800;

    public const int IPC_RMID = 0;
    public const int IPC_SET = 1;
    public const int IPC_STAT = 2;
    public const int IPC_INFO = 3;

    public const int SHM_HUGETLB = 0x800;
    public const int SHM_NORESERVE = 0x1000;
    public const int SHM_RDONLY = 0x1000;
    public const int SHM_RND = 0x2000;
    public const int SHM_REMAP = 0x4000;
    public const int SHM_EXEC = 0x8000;
    public const int SHM_LOCK = 11;
    public const int SHM_UNLOCK = 12;
    public const int SHM_STAT = 13;
    public const int SHM_INFO = 14;
    public const int SHM_STAT_ANY = 15;

    /// <summary>In the mode of a segment: goes with its last attachment.</summary>
    public const uint SHM_DEST = 0x200;

    /// <summary>In the mode of a segment: locked in memory.</summary>
    public const uint SHM_LOCKED = 0x400;

    public const int SEM_UNDO = 0x1000;
    public const int GETPID = 11;
    public const int GETVAL = 12;
    public const int GETALL = 13;
    public const int GETNCNT = 14;
    public const int GETZCNT = 15;
    public const int SETVAL = 16;
    public const int SETALL = 17;
    public const int SEM_STAT = 18;
    public const int SEM_INFO = 19;
    public const int SEM_STAT_ANY = 20;

    public const int MSG_NOERROR = 0x1000;
    public const int MSG_EXCEPT = 0x2000;
    public const int MSG_COPY = 0x4000;
    public const int MSG_STAT = 11;
    public const int MSG_INFO = 12;
    public const int MSG_STAT_ANY = 13;
}

/// <summary>struct ipc64_perm (asm-generic/ipcbuf.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ipc64_perm
{
    public int key;
    public uint uid;
    public uint gid;
    public uint cuid;
    public uint cgid;
    public uint mode;
    public ushort seq;
    public ushort __pad2;
    public ulong __unused1;
    public ulong __unused2;
}

/// <summary>struct shmid64_ds (asm-generic/shmbuf.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct shmid64_ds
{
    public ipc64_perm shm_perm;
    public ulong shm_segsz;
    public long shm_atime;
    public long shm_dtime;
    public long shm_ctime;
    public int shm_cpid;
    public int shm_lpid;
    public ulong shm_nattch;
    public ulong __unused4;
    public ulong __unused5;
}

/// <summary>struct semid64_ds of x86-64 (asm/sembuf.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct semid64_ds
{
    public ipc64_perm sem_perm;
    public long sem_otime;
    public ulong __unused1;
    public long sem_ctime;
    public ulong __unused2;
    public ulong sem_nsems;
    public ulong __unused3;
    public ulong __unused4;
}

/// <summary>struct msqid64_ds (asm-generic/msgbuf.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct msqid64_ds
{
    public ipc64_perm msg_perm;
    public long msg_stime;
    public long msg_rtime;
    public long msg_ctime;
    public ulong msg_cbytes;
    public ulong msg_qnum;
    public ulong msg_qbytes;
    public int msg_lspid;
    public int msg_lrpid;
    public ulong __unused4;
    public ulong __unused5;
}

/// <summary>struct sembuf.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct sembuf
{
    public ushort sem_num;
    public short sem_op;
    public short sem_flg;
}
