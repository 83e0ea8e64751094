namespace Dragonet.Base;

/// <summary>
/// The lock order, and the only document of it. Locks are acquired strictly upward; two of the same rank only in the order
/// of an id that never changes. docs/locking.md is generated from this enum.
/// </summary>
public enum LockRank : byte
{
    /// <summary>Boot and halt of one kernel.</summary>
    Kernel = 5,

    /// <summary>Which jail has which addresses of a stack that jails share. Held from the look at those of other jails until the jail has its own.</summary>
    JailAddresses = 8,

    /// <summary>The jail tree: numbers, names, parameters. Held while jails are found, made and taken out; never while one is torn down.</summary>
    JailTree = 10,

    /// <summary>Parent and child links, process groups, sessions, pid tables, signal state (masks, pending queues, actions) of one kernel.</summary>
    ProcessTree = 20,

    /// <summary>A terminal: its line discipline, its foreground group. May signal, so signal delivery must be queued until after it.</summary>
    Terminal = 30,

    /// <summary>One epoll instance's interest list.</summary>
    Epoll = 40,

    /// <summary>One descriptor table.</summary>
    FdTable = 50,

    /// <summary>One open file description: its position.</summary>
    FilePosition = 55,

    /// <summary>The mount tree of one mount namespace.</summary>
    MountTree = 60,

    /// <summary>Which user and mount namespaces there are, and how many each user has made.</summary>
    Namespaces = 62,

    /// <summary>Renames of directories within one file system.</summary>
    Rename = 65,

    /// <summary>One directory's entries and cached children.</summary>
    Dentry = 70,

    /// <summary>An overlay's copy-up of one inode; taken before the locks of the file systems under it.</summary>
    Overlay = 75,

    /// <summary>One inode's attributes and data.</summary>
    Inode = 80,

    /// <summary>File locks of one inode.</summary>
    FileLock = 85,

    /// <summary>One address space's kernel-side record.</summary>
    AddressSpace = 90,

    /// <summary>Pages of one memory object.</summary>
    PageCache = 100,

    /// <summary>The UNIX socket name space and the connections between sockets of one kernel.</summary>
    Socket = 120,

    /// <summary>Which interface is in which stack of one kernel. Held while one is made, moved or removed.</summary>
    NetworkFabric = 123,

    /// <summary>One network stack with all its sockets. Held while packets go through it; it calls nothing but wait queues and timers.</summary>
    NetworkStack = 125,

    /// <summary>Frames under way into one end of a link between stacks. Held for the moment of one change.</summary>
    NetworkLink = 127,

    /// <summary>One pipe, eventfd, timerfd, message queue or other small object.</summary>
    Object = 130,

    /// <summary>The futex table.</summary>
    Futex = 140,

    /// <summary>The timer queue of one kernel.</summary>
    Timer = 150,

    /// <summary>One wait queue. A leaf: nothing is called while it is held.</summary>
    WaitQueue = 200,
}
