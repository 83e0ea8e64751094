using Dragonet.Platform.Linux.Stub;

namespace Dragonet.Platform.Linux.Channels;

/// <summary>
/// Where the words of a channel lie in a thread slot. Three pages are shared with the kernel process; each cache line of them has one
/// writer, but for the state word.
/// </summary>
internal static class ChannelLayout
{
    /// <summary>In the slot's own page, which a fork wipes: not 0 when the shared pages are there.</summary>
    public const int Present = 0xf00;

    /// <summary>In the same page: stack_t of the slot, for a new thread.</summary>
    public const int SignalStack = 0xf30;

    // In the same page, while a wake-up is on its way (ChannelKind.Wake).
    public const int WakeReturn = 0xf10;
    public const int WakeArgument1 = 0xf18;
    public const int WakeArgument3 = 0xf20;

    /// <summary>First shared page: the words below.</summary>
    public const int Control = 0x1000;

    /// <summary>Second shared page: what the guest sends along.</summary>
    public const int Sent = 0x2000;

    /// <summary>Third shared page: what the kernel sends back.</summary>
    public const int Returned = 0x3000;

    /// <summary>Bytes of the shared pages.</summary>
    public const int Size = 0x3000;

    /// <summary>Bytes that can be sent either way.</summary>
    public const int Capacity = 0x1000;

    /// <summary>Bytes of the window: more shared memory, for threads that move much at once.</summary>
    public const int WindowSize = 0x2_0000;

    /// <summary>In <see cref="SentLength"/>: a buffer was copied to the window, or will be filled from there and was touched in all its pages.</summary>
    public const int InWindow = 0xffff;

    // Offsets in the control page. A request is one cache line, an answer with few pieces another: each costs a transfer between
    // processors. The state word, written by both; the rest of the line by the guest.
    public const int State = 0;
    public const int SentLength = 4; // 16 bits
    public const int Number = 6;     // 16 bits
    public const int Return = 8;
    public const int Arguments = 0x10; // six

    // Written by the guest, seldom.
    public const int Waiting = 0x40;
    public const int Turn = 0x44; // calls before it lets others run

    // Of a thread that is being made, in its own pages: what the host writes (CLONE_PARENT_SETTID), and the thread itself when it may be interrupted.
    public const int HostTid = 0x48;
    public const int Ready = 0x4c;

    /// <summary>In the pages of the thread that makes another: where that one's number goes.</summary>
    public const int ParentTid = 0x50;

    // Written by the guest, and by the kernel while the guest is stopped or has not been lent it.
    public const int Mask = 0x80;       // the thread's signal mask
    public const int MaskReturn = 0x88; // like Return, for rt_sigprocmask(2) answered in the guest
    public const int RobustList = 0x90; // what set_robust_list(2) set, or None

    // Written by the kernel.
    public const int Active = 0xc0;    // one of the Served... below
    public const int MaskLent = 0xc4;  // not 0: the guest changes the mask by itself
    public const int NextSlot = 0xc8;  // address of the slot of the next thread that this one makes; 0: it makes it the long way
    public const int Window = 0xd0;    // address of the window; 0: there is none
    public const int PostsMuch = 0xd8; // not 0: calls that ask for much are posted like others, as they get little
    public const int Result = 0x100;
    public const int PartCount = 0x108;
    public const int Parts = 0x110; // (address, offset, length) of 16 bytes each
    public const int Identity = 0x200; // pid, tid, uid, euid, gid, egid of 8 bytes each

    /// <summary>Most separate pieces of memory that one answer fills.</summary>
    public const int MaxParts = 8;

    /// <summary>Most entries of an array of struct iovec that is sent along.</summary>
    public const int MaxVector = 8;

    /// <summary>Most words of a set of descriptors that is sent along: 1,024 of them, as many as C libraries have in one.</summary>
    public const int MaxSetWords = 16;

    /// <summary>Calls that move so much ring, until it turns out that little comes of it (<see cref="PostsMuch"/>): who serves them would serve
    /// nobody else for a while, and who reads and who writes a stream can be served side by side.</summary>
    public const int Much = 0x10000;

    /// <summary>No robust list was set in the guest.</summary>
    public const ulong None = ulong.MaxValue;

    // Values of Active: who looks at a request.
    public const int ServedByBell = 0; // nobody before the guest rings: a notification says that there is one
    public const int ServedAtOnce = 1; // a thread of the kernel process, which spins

    // Values of Ready; 0 before.
    public const int IsReady = 1;
    public const int IsAwaited = 2; // an interruption waits for it: the thread says when it is ready

    // Values of the state word.
    public const int Idle = 0;      // nothing asked, or answered
    public const int Posted = 1;
    public const int Claimed = 2;   // the kernel works on it
    public const int Repeat = 3;    // the guest shall make the call through the filter
    public const int Withdrawn = 4; // the guest, or the kernel in its name, took the request back
    public const int Held = 5;      // answered, but the guest shall not go on before the interruption that is on its way

    /// <summary>Where the window of a slot lies, counted from its page <see cref="Returned"/>, as the pieces of an answer are.</summary>
    public static int WindowOffset(int slot) => (int)(AddressOfWindow(slot) - StubLayout.Slots - ((ulong)slot * StubLayout.SlotSize)) - Returned;

    /// <summary>Where the window of a slot lies.</summary>
    public static ulong AddressOfWindow(int slot) => StubLayout.Windows + ((ulong)slot * WindowSize);

    /// <summary>Words of the identity.</summary>
    public const int IdentityWords = 6;

    /// <summary>Bits of an address that tell a slot from any other value of the gs base.</summary>
    public const int SlotShift = 40;
    public const uint SlotTag = (uint)(StubLayout.Slots >> SlotShift);
}
