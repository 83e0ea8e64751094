namespace Dragonet.Kernel;

/// <summary>What is known of a resource: its name in rctl(8), how it is counted, and which rules make sense.</summary>
/// <param name="Resource">Which.</param>
/// <param name="Name">In rules.</param>
/// <param name="Counting">How use is known.</param>
/// <param name="Denial">What "deny" can do.</param>
/// <param name="OfProcesses">Processes have it; what belongs to nobody in particular (IPC objects, terminals) is counted for users and jails only.</param>
public sealed record ResourceKind(Resource Resource, string Name, ResourceCounting Counting, ResourceDenial Denial, bool OfProcesses = true)
{
    /// <summary>How many resources there are.</summary>
    public const int Count = 26;

    /// <summary>All, in the order of <see cref="Kernel.Resource"/>.</summary>
    public static IReadOnlyList<ResourceKind> All { get; } =
    [
        new(Resource.CpuTime, "cputime", ResourceCounting.Measured, ResourceDenial.Never),
        new(Resource.DataSize, "datasize", ResourceCounting.Measured, ResourceDenial.EachProcess),
        new(Resource.StackSize, "stacksize", ResourceCounting.Measured, ResourceDenial.EachProcess),
        new(Resource.CoreDumpSize, "coredumpsize", ResourceCounting.Measured, ResourceDenial.Always),
        new(Resource.MemoryUse, "memoryuse", ResourceCounting.Measured, ResourceDenial.Kills),
        new(Resource.MemoryLocked, "memorylocked", ResourceCounting.Measured, ResourceDenial.Always),
        new(Resource.MaxProc, "maxproc", ResourceCounting.Charged, ResourceDenial.Always),
        new(Resource.OpenFiles, "openfiles", ResourceCounting.Charged, ResourceDenial.Always),
        new(Resource.VirtualMemoryUse, "vmemoryuse", ResourceCounting.Measured, ResourceDenial.EachProcess),
        new(Resource.PseudoTerminals, "pseudoterminals", ResourceCounting.Charged, ResourceDenial.Always, OfProcesses: false),
        new(Resource.SwapUse, "swapuse", ResourceCounting.Measured, ResourceDenial.Never),
        new(Resource.Threads, "nthr", ResourceCounting.Charged, ResourceDenial.Always),
        new(Resource.MessagesQueued, "msgqqueued", ResourceCounting.Charged, ResourceDenial.Always, OfProcesses: false),
        new(Resource.MessageBytes, "msgqsize", ResourceCounting.Charged, ResourceDenial.Always, OfProcesses: false),
        new(Resource.MessageQueues, "nmsgq", ResourceCounting.Charged, ResourceDenial.Always, OfProcesses: false),
        new(Resource.Semaphores, "nsem", ResourceCounting.Charged, ResourceDenial.Always, OfProcesses: false),
        new(Resource.SemaphoreOperations, "nsemop", ResourceCounting.Charged, ResourceDenial.Always),
        new(Resource.SharedSegments, "nshm", ResourceCounting.Charged, ResourceDenial.Always, OfProcesses: false),
        new(Resource.SharedMemorySize, "shmsize", ResourceCounting.Charged, ResourceDenial.Always, OfProcesses: false),
        new(Resource.WallClock, "wallclock", ResourceCounting.Measured, ResourceDenial.Never),
        new(Resource.CpuPercent, "pcpu", ResourceCounting.Rate, ResourceDenial.WholeJail),
        new(Resource.ReadBytes, "readbps", ResourceCounting.Rate, ResourceDenial.Throttles),
        new(Resource.WriteBytes, "writebps", ResourceCounting.Rate, ResourceDenial.Throttles),
        new(Resource.ReadOperations, "readiops", ResourceCounting.Rate, ResourceDenial.Throttles),
        new(Resource.WriteOperations, "writeiops", ResourceCounting.Rate, ResourceDenial.Throttles),
        new(Resource.Disk, "disk", ResourceCounting.Charged, ResourceDenial.WholeJail, OfProcesses: false),
    ];

    /// <summary>What is known of one.</summary>
    public static ResourceKind Of(Resource resource) => All[(int)resource];

    /// <summary>By its name in rules; null when there is none.</summary>
    public static ResourceKind? Find(string name) => All.FirstOrDefault(kind => kind.Name == name);
}
