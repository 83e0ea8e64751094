namespace Dragonet.Kernel;

/// <summary>What is counted: the resources of rctl(8), in its order, and one more.</summary>
public enum Resource
{
    /// <summary>Seconds of processor time.</summary>
    CpuTime,

    /// <summary>Bytes of private writable mappings.</summary>
    DataSize,

    /// <summary>Bytes of the first stack that may be used.</summary>
    StackSize,

    /// <summary>Bytes of core files.</summary>
    CoreDumpSize,

    /// <summary>Bytes of memory in use.</summary>
    MemoryUse,

    /// <summary>Bytes locked with mlock(2).</summary>
    MemoryLocked,

    /// <summary>Processes.</summary>
    MaxProc,

    /// <summary>Descriptors.</summary>
    OpenFiles,

    /// <summary>Bytes of address space.</summary>
    VirtualMemoryUse,

    /// <summary>Pseudo terminals.</summary>
    PseudoTerminals,

    /// <summary>Bytes that the host has swapped out.</summary>
    SwapUse,

    /// <summary>Threads.</summary>
    Threads,

    /// <summary>Messages in System V queues.</summary>
    MessagesQueued,

    /// <summary>Bytes of messages in System V queues.</summary>
    MessageBytes,

    /// <summary>System V message queues.</summary>
    MessageQueues,

    /// <summary>System V semaphores.</summary>
    Semaphores,

    /// <summary>Semaphores changed by one semop(2).</summary>
    SemaphoreOperations,

    /// <summary>System V shared memory segments.</summary>
    SharedSegments,

    /// <summary>Bytes of System V shared memory.</summary>
    SharedMemorySize,

    /// <summary>Seconds since the processes began.</summary>
    WallClock,

    /// <summary>Per cent of a processor.</summary>
    CpuPercent,

    /// <summary>Bytes read from files in a second.</summary>
    ReadBytes,

    /// <summary>Bytes written to files in a second.</summary>
    WriteBytes,

    /// <summary>Reads of files in a second.</summary>
    ReadOperations,

    /// <summary>Writes of files in a second.</summary>
    WriteOperations,

    /// <summary>Bytes of files in layers of its own. Not in rctl(8).</summary>
    Disk,
}
