using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>What waits for MSG_ERRQUEUE: ICMP errors, and what the sender wanted to know of its own data (SO_TIMESTAMPING, MSG_ZEROCOPY). Bounded:
/// what finds no room is not told.</summary>
public sealed class ErrorQueue
{
    private const int MaxErrors = 64;
    private const int MaxNotes = 1024;
    private const byte Copied = 1; // SO_EE_CODE_ZEROCOPY_COPIED

    private readonly LinkedList<SocketError> _entries = new();
    private uint _sends; // with MSG_ZEROCOPY

    /// <summary>SO_TIMESTAMPING: SOF_TIMESTAMPING_*.</summary>
    public uint Timestamping { get; set; }

    /// <summary>SO_ZEROCOPY.</summary>
    public bool TellsCopies { get; set; }

    /// <summary>SO_SELECT_ERR_QUEUE: there is something for POLLPRI, too.</summary>
    public bool IsUrgent { get; set; }

    /// <summary>The number of the next datagram or byte, for SOF_TIMESTAMPING_OPT_ID.</summary>
    public long Key { get; set; }

    /// <summary>What poll(2) says of it.</summary>
    public PollEvents Events => _entries.Count == 0 ? PollEvents.None : PollEvents.POLLERR | (IsUrgent ? PollEvents.POLLPRI : 0);

    /// <summary>The oldest entry, or null.</summary>
    public SocketError? First => _entries.First?.Value;

    /// <summary>Takes an entry.</summary>
    public void Add(SocketError entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (_entries.Count < (entry.Origin == ErrorOrigin.Icmp ? MaxErrors : MaxNotes))
        {
            _ = _entries.AddLast(entry);
        }
    }

    /// <summary>Gives the oldest entry away.</summary>
    public SocketError? Take()
    {
        var first = First;
        if (first is not null)
        {
            _entries.RemoveFirst();
        }

        return first;
    }

    /// <summary>A send with MSG_ZEROCOPY is over, and was a copy, which that flag permits. Neighbours are told as one range
    /// (skb_zerocopy_notify_extend of Linux).</summary>
    public void TellCopied()
    {
        var number = _sends++;
        var first = number;
        if (_entries.Last is { Value: { Origin: ErrorOrigin.ZeroCopy } last } && last.Value + 1 == number)
        {
            first = last.Information;
            _entries.RemoveLast();
        }

        Add(new SocketError(Errno.OK, 0, Copied, first, default, default, []) { Origin = ErrorOrigin.ZeroCopy, Value = number });
    }

    /// <summary>Something was sent or acknowledged.</summary>
    /// <param name="what">SCM_TSTAMP_*: 0 sent, 1 given to the link, 2 acknowledged.</param>
    /// <param name="number">Of what was sent.</param>
    /// <param name="time">When.</param>
    /// <param name="packet">It, with its headers; empty with SOF_TIMESTAMPING_OPT_TSONLY.</param>
    internal void TellTime(uint what, uint number, long time, byte[] packet) =>
        Add(new SocketError(Errno.ENOMSG, 0, 0, what, default, default, packet) { Origin = ErrorOrigin.Timestamp, Value = number, Time = time });
}
