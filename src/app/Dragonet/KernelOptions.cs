namespace Dragonet;

/// <summary>How a kernel boots. Everything has a default that runs programs of this machine safely.</summary>
public sealed class KernelOptions
{
    /// <summary>A host directory that becomes the root, read-only under an in-memory layer; null for the host's system directories.</summary>
    public string? Root { get; init; }

    /// <summary>Host directories that guests see.</summary>
    public IReadOnlyList<Volume> Volumes { get; init; } = [];

    /// <summary>
    /// A directory of the host that keeps what guests change, for the next kernel with the same <see cref="Root"/>; null to keep it in memory
    /// and lose it. It is made when it is missing, and belongs to one kernel at a time. Its file system must keep extended attributes
    /// (user.*): names that guests removed, and owners and permissions, are in them. The files have the sizes that guests give them.
    /// </summary>
    public string? Upper { get; init; }

    /// <summary>A directory with a tree for each template (<see cref="Templates.TemplateStore.Trees"/>), which guests see read-only in /templates; null
    /// for none.</summary>
    public string? Templates { get; init; }

    /// <summary>uname -n.</summary>
    public string HostName { get; init; } = "dragonet";

    /// <summary>What tells this kernel from others: its MAC addresses are made of it, and stay the same from boot to boot. The host name when null.</summary>
    public string? Name { get; init; }

    /// <summary>What runs on the kernel's console and is started again whenever it ends: "login" for getty(8), or a command of sh(1); null for
    /// nothing. <see cref="GuestJail.Console"/> of jail 0 shows it.</summary>
    public string? Console { get; init; }

    /// <summary>Bytes of memory that all guests and files in memory may use together; what guests see as the machine's memory. A process
    /// that asks for more by itself gets ENOMEM; when many use more together, the worst is killed.</summary>
    public long MemoryLimit { get; init; } = 2L << 30;

    /// <summary>Processors that guests see; 0 for as many as the host has.</summary>
    public int Processors { get; init; }

    /// <summary>Most tasks (processes and threads) at one time.</summary>
    public int TaskLimit { get; init; } = 4096;

    /// <summary>Every system call goes to the kernel; nothing is left to the host.</summary>
    public bool Strict { get; init; }

    /// <summary>
    /// The whole process gives up what the kernel does not need, for good: it can start no programs, open no sockets, reach no files but
    /// <see cref="Root"/> and <see cref="Volumes"/>, and closes descriptors that it inherited without close-on-exec. For a process that
    /// does nothing else. Boot must then be called once, by the first thread, before there are others: guests are out of reach for threads
    /// that were made before. Host directories that are added later stay unreachable.
    /// </summary>
    public bool ConfineProcess { get; init; }

    /// <summary>A confined process may still accept connections on sockets that listen when it boots (dragonet boot).</summary>
    public bool ServesSockets { get; init; }

    /// <summary>How guests reach the outside, and the outside them; null when they do not: each jail has lo alone.</summary>
    public NetworkOptions? Network { get; init; }

    /// <summary>A switch between kernels, which an interface of jail 0 is plugged into; null for none.</summary>
    public Switching.SwitchAddress? Switch { get; init; }

    /// <summary>Where messages for the user go, one line each: that a program was killed for want of memory. Guests find them in dmesg(1).</summary>
    public Action<string>? Log { get; init; }

    /// <summary>Whether busy guests are served by a spinning thread. <see cref="Strict"/> kernels never are.</summary>
    public ChannelUse Channels { get; init; }

    /// <summary>All programs share what the host gives of its processors to the session of this process, where it divides them among sessions
    /// (sched(7), "The autogroup feature"). Right for one program in a session where nobody else computes:
    /// guests and kernel, who follow each other all the time, are then one to the host. Otherwise each program has a share of its own.</summary>
    public bool SharesSession { get; init; }

    /// <summary>Keeps this process from waking the host while the kernel is idle, when the kernel is all there is to it; null: it does not matter.</summary>
    public QuietProcess? Quiet { get; init; }

    /// <summary>Where the report of a bug in the kernel goes; standard error when null.</summary>
    public Action<string>? OopsReport { get; init; }

    /// <summary>Where decoded system calls are written, one line each; null for nowhere.</summary>
    public Action<string>? Trace { get; init; }
}
