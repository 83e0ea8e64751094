namespace Dragonet.Kernel;

/// <summary>Limits of one IPC name space: /proc/sys/kernel/{shm*,sem,msg*} and /proc/sys/fs/mqueue. Set by sysctl(8), at any time.</summary>
public sealed class IpcLimits
{
    /// <summary>IPCMNI: indices are below it.</summary>
    public const int MaxIndex = 32768;

    /// <summary>SEMVMX: largest value of a semaphore.</summary>
    public const int SemaphoreMax = 32767;

    public ulong ShmMax { get; set; } = 18446744073692774399;

    public ulong ShmAll { get; set; } = 18446744073692774399;

    public int ShmMni { get; set; } = 4096;

    /// <summary>SEMMSL: semaphores of a set.</summary>
    public int SemMsl { get; set; } = 32000;

    /// <summary>SEMMNS: semaphores in all.</summary>
    public int SemMns { get; set; } = 1024000000;

    /// <summary>SEMOPM: operations of a call.</summary>
    public int SemOpm { get; set; } = 500;

    /// <summary>SEMMNI: sets.</summary>
    public int SemMni { get; set; } = 32000;

    /// <summary>Bytes of a message.</summary>
    public int MsgMax { get; set; } = 8192;

    /// <summary>Bytes of a new queue.</summary>
    public int MsgMnb { get; set; } = 16384;

    /// <summary>Queues.</summary>
    public int MsgMni { get; set; } = 32000;

    /// <summary>POSIX queues.</summary>
    public int MqQueuesMax { get; set; } = 256;

    /// <summary>Messages of a POSIX queue, made without privilege.</summary>
    public int MqMsgMax { get; set; } = 10;

    public int MqMsgDefault { get; set; } = 10;

    /// <summary>Bytes of a message of a POSIX queue, made without privilege.</summary>
    public int MqMsgSizeMax { get; set; } = 8192;

    public int MqMsgSizeDefault { get; set; } = 8192;
}
