using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;

namespace Dragonet.Kernel;

/// <summary>What a UNIX socket has received and not read: bytes in a ring, and where each message or sender begins. Thread-safe.</summary>
/// <param name="isStream">Bytes, not messages.</param>
/// <param name="account">Pays for the ring; when it refuses, there is still room for a page.</param>
internal sealed class UnixQueue(bool isStream, MemoryAccount account)
{
    /// <summary>Most datagrams that wait (net.unix.max_dgram_qlen is smaller by default; some programs count on the larger value).</summary>
    private const int MaxMessages = 512;

    private const int Page = 4096;

    private readonly KernelLock _lock = new(LockRank.Object);
    private readonly ByteRing _ring = new();                        // guarded by _lock
    private readonly LinkedList<UnixSegment> _segments = new();      // guarded by _lock
    private LinkedListNode<UnixSegment>? _spare;                     // guarded by _lock
    private bool _isClosed;                                          // guarded by _lock

    /// <summary>Senders of datagrams wait here for room.</summary>
    public WaitQueue Space { get; } = new();

    /// <summary>Bytes in it.</summary>
    public int Count
    {
        get
        {
            using (_lock.Enter())
            {
                return _ring.Count;
            }
        }
    }

    /// <summary>Bytes that the next read can get (FIONREAD): all of a stream, one datagram.</summary>
    public int NextLength
    {
        get
        {
            using (_lock.Enter())
            {
                return isStream ? _ring.Count : _segments.First?.Value.Length ?? 0;
            }
        }
    }

    /// <summary>True when there is something to read, be it an empty datagram.</summary>
    public bool HasData
    {
        get
        {
            using (_lock.Enter())
            {
                return _segments.First is not null;
            }
        }
    }

    /// <summary>True when a write would find a good deal of room.</summary>
    public bool HasRoom(int capacity)
    {
        using (_lock.Enter())
        {
            return _isClosed || (_ring.Count <= capacity / 4 * 3 && (isStream || _segments.Count < MaxMessages));
        }
    }

    /// <summary>How many of so many bytes <see cref="Add"/> would take, or its error.</summary>
    public Result<int> GetRoom(int count, int capacity)
    {
        using (_lock.Enter())
        {
            return _isClosed ? Errno.EPIPE
                : !isStream && count > capacity ? Errno.EMSGSIZE
                : isStream ? count == 0 ? 0 : capacity > _ring.Count ? Math.Min(count, capacity - _ring.Count) : Errno.EAGAIN
                : count <= capacity - _ring.Count && _segments.Count < MaxMessages ? count : Errno.EAGAIN;
        }
    }

    /// <summary>Appends. A stream takes what fits, a message is all or nothing (EMSGSIZE when it never fits). EPIPE when closed,
    /// ENOBUFS when the account refuses a message.</summary>
    public Result<int> Add(ReadOnlySpan<byte> data, int capacity, in ucred credentials, string sender, Func<UnixRights>? rights, long sentAt = 0)
    {
        using (_lock.Enter())
        {
            if (_isClosed)
            {
                return Errno.EPIPE;
            }

            var count = data.Length;
            if (isStream)
            {
                if (count == 0)
                {
                    return 0;
                }

                count = Math.Min(count, capacity - _ring.Count);
                if (count <= 0)
                {
                    return Errno.EAGAIN;
                }
            }
            else if (count > capacity)
            {
                return Errno.EMSGSIZE;
            }
            else if (_ring.Count + count > capacity || _segments.Count >= MaxMessages)
            {
                return Errno.EAGAIN;
            }

            if (_ring.HeldWith(count) - _ring.Held is > 0 and var more && !account.TryCharge(more))
            {
                var room = Math.Max(_ring.Held, Page) - _ring.Count;
                if (room <= 0 || (!isStream && room < count))
                {
                    return isStream ? Errno.EAGAIN : Errno.ENOBUFS;
                }

                count = Math.Min(room, count);
                account.Charge(_ring.HeldWith(count) - _ring.Held);
            }

            _ring.Write(data[..count]);
            if (isStream && rights is null && _segments.Last is { ValueRef.Rights: null } last && last.ValueRef.Credentials == credentials
                && ReferenceEquals(last.ValueRef.Sender, sender))
            {
                last.ValueRef.Length += count;
                return count;
            }

            var node = _spare ?? new LinkedListNode<UnixSegment>(default);
            _spare = null;
            node.Value = new UnixSegment { Length = count, Credentials = credentials, Sender = sender, Rights = rights?.Invoke(), SentAt = sentAt };
            _segments.AddLast(node);
            return count;
        }
    }

    /// <summary>Reads, or only looks (MSG_PEEK). EAGAIN when there is nothing; the end of a stream is the caller's business.</summary>
    /// <param name="destination">Receives the data.</param>
    /// <param name="peek">Leave everything where it is.</param>
    /// <param name="separate">A stream read does not mix senders (SO_PASSCRED).</param>
    /// <param name="segment">The first segment that was read, with its whole length, and the rights that are to be delivered now: a stream read ends behind the piece they came with.</param>
    /// <param name="skip">SO_PEEK_OFF: bytes to pass over. Messages that lie in front of it as a whole are passed over.</param>
    public Result<int> Take(Span<byte> destination, bool peek, bool separate, out UnixSegment segment, int skip = 0)
    {
        segment = default;
        var start = 0;
        using (_lock.Enter())
        {
            if (_segments.First is not { } first)
            {
                return Errno.EAGAIN;
            }

            while (skip >= first.Value.Length && skip > 0)
            {
                (skip, start) = (skip - first.Value.Length, start + first.Value.Length);
                if (first.Next is not { } second)
                {
                    return Errno.EAGAIN;
                }

                first = second;
            }

            segment = first.Value;
            if (!isStream)
            {
                var length = _ring.Peek(destination[..Math.Min(segment.Length - skip, destination.Length)], start + skip);
                if (!peek)
                {
                    _ring.Skip(segment.Length);
                    DropFirstLocked(first);
                }

                return length;
            }

            var total = 0;
            for (var node = first; node is not null && total < destination.Length;)
            {
                ref var piece = ref node.ValueRef;
                if (node != first && (segment.Rights is not null || (separate && piece.Credentials != segment.Credentials)))
                {
                    break;
                }

                segment.Rights ??= piece.Rights;

                var count = Math.Min(piece.Length - skip, destination.Length - total);
                _ = _ring.Peek(destination.Slice(total, count), peek ? start + skip + total : 0);
                (start, skip) = (start + skip, 0);
                total += count;
                var next = node.Next;
                if (!peek)
                {
                    _ring.Skip(count);
                    piece.Length -= count;
                    piece.Rights = null;
                    if (piece.Length == 0)
                    {
                        DropFirstLocked(node);
                    }
                }

                node = next;
            }

            return total;
        }
    }

    /// <summary>Nothing comes in any more; what is there can still be read.</summary>
    public void Close()
    {
        using (_lock.Enter())
        {
            _isClosed = true;
        }

        _ = Space.Wake();
    }

    /// <summary>Empties it.</summary>
    /// <returns>The rights that were in it, to be discarded when no lock is held.</returns>
    public List<UnixRights> Clear()
    {
        var rights = new List<UnixRights>();
        using (_lock.Enter())
        {
            foreach (var segment in _segments)
            {
                if (segment.Rights is { } some)
                {
                    rights.Add(some);
                }
            }

            _segments.Clear();
            account.Release(_ring.Held);
            _ring.Clear();
        }

        return rights;
    }

    /// <summary>The rights that are in it.</summary>
    public List<UnixRights> GetRights()
    {
        var rights = new List<UnixRights>();
        using (_lock.Enter())
        {
            foreach (var segment in _segments)
            {
                if (segment.Rights is { } some)
                {
                    rights.Add(some);
                }
            }
        }

        return rights;
    }

    private void DropFirstLocked(LinkedListNode<UnixSegment> node)
    {
        _segments.Remove(node);
        node.Value = default;
        _spare = node;
    }
}
