namespace Dragonet.Platform.Linux.Channels;

/// <summary>What the stub does with the arguments of a call before it goes into the channel.</summary>
internal enum ChannelKind : byte
{
    /// <summary>Not for the channel.</summary>
    None = 0,

    /// <summary>Registers only.</summary>
    Plain = 1,

    /// <summary>A path in the first argument is sent along.</summary>
    Path0 = 2,

    /// <summary>A path in the second argument is sent along.</summary>
    Path1 = 3,

    /// <summary>The buffer (second, third argument) is sent along when it is small.</summary>
    Buffer1 = 4,

    /// <summary>The buffer (second, third argument) will be filled: it is touched first, so that a bad one is found before anything happened.</summary>
    Fill1 = 5,

    /// <summary>rt_sigprocmask(2): eight bytes at the second argument, when there is one, are sent along; while the mask is lent to the guest it
    /// is answered there.</summary>
    Mask1 = 6,

    /// <summary>32 bytes at the second argument, when there is one, are sent along: struct kernel_sigaction.</summary>
    Block1 = 7,

    /// <summary>32 bytes at the third argument are sent along when the second is a locking command of fcntl(2): struct flock.</summary>
    Lock2 = 8,

    /// <summary>12 bytes at the fourth argument, when there is one, are sent along: struct epoll_event.</summary>
    Event3 = 9,

    /// <summary>A small array of struct iovec at the second argument is sent along, and behind it what they name, when that is small, too.</summary>
    Vector1 = 10,

    /// <summary>pselect6(2): its sets, the timeout and the argument with the mask are sent along when the sets are small. Sets and timeout are touched
    /// first, so that all that will be written can be.</summary>
    Select = 11,

    /// <summary>clone3(2): a thread as C libraries make it is made as clone(2), whose arguments the kernel sees in registers.</summary>
    Thread = 14,

    /// <summary>set_robust_list(2): answered in the guest, where the kernel looks for the list when the thread ends.</summary>
    Robust = 15,

    /// <summary>This and the following: answered in the guest, from the word of the identity with this number.</summary>
    Identity = 16,

    /// <summary>futex(2): FUTEX_WAKE of a private word is made as futex_wake(2), for which the host does not look at arguments.</summary>
    Wake = 32,
}
