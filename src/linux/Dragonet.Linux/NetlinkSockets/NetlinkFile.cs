using System.Runtime.InteropServices;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.NetlinkSockets;

/// <summary>A netlink socket (netlink(7)): requests are answered at once, into its queue. What changes is told to the groups that it joined.</summary>
internal sealed class NetlinkFile : SocketFile
{
    private const int AddressSize = 12;
    private const int HeaderSize = 16;
    private const int MaxQueued = 212992;
    private const int MaxAnswered = 4 << 20; // a list is put together at once, while Linux makes it piece by piece
    private const int Batch = 8192;

    private readonly NetlinkFamily _family;
    private readonly NetworkStack _network;
    private readonly int _pid;
    private readonly WaitQueue _queue = new();
    private readonly KernelLock _lock = new(LockRank.Object);
    private readonly Queue<byte[]> _incoming = new(); // guarded by _lock
    private int _queued;                              // guarded by _lock: bytes
    private uint _port;                               // set once
    private ulong _groups;                            // guarded by _lock: a bit for each group, the first is 0
    private bool _hasLost;                            // guarded by _lock: an event did not fit
    private volatile bool _wantsReasons;              // NETLINK_EXT_ACK
    private volatile bool _wantsShortAnswers;         // NETLINK_CAP_ACK
    private volatile bool _isStrict;                  // NETLINK_GET_STRICT_CHK

    public NetlinkFile(Task task, NetlinkFamily family, NetworkStack network, SocketType type, int protocol, OpenFlags flags)
        : base(AddressFamily.AF_NETLINK, type, protocol, flags, task.Kernel.NextAnonymousInode())
    {
        _family = family;
        _network = network;
        _pid = task.Process.Pid;
    }

    /// <inheritdoc/>
    public override Errno Bind(Task task, ReadOnlySpan<byte> address)
    {
        if (address.Length < AddressSize || InetAddress.FamilyOf(address) != AddressFamily.AF_NETLINK)
        {
            return Errno.EINVAL;
        }

        var name = MemoryMarshal.Read<sockaddr_nl>(address);
        if (_port != 0 && name.nl_pid != 0 && name.nl_pid != _port)
        {
            return Errno.EINVAL;
        }

        var error = TakePort(name.nl_pid);
        if (error == Errno.OK)
        {
            Join(name.nl_groups, uint.MaxValue);
        }

        return error;
    }

    /// <inheritdoc/>
    public override Errno Connect(Task task, ReadOnlySpan<byte> address) =>
        address.Length < AddressSize ? Errno.EINVAL : MemoryMarshal.Read<sockaddr_nl>(address).nl_pid == 0 ? TakePort(0) : Errno.ECONNREFUSED;

    /// <inheritdoc/>
    public override Result<byte[]> GetName() => Name(_port, (uint)_groups);

    /// <inheritdoc/>
    public override Result<byte[]> GetPeerName() => Name(0, 0);

    /// <inheritdoc/>
    public override Result<int> Send(ICaller caller, ReadOnlySpan<byte> data, in SendRequest request)
    {
        if (request.Address is { } to && (to.Length < AddressSize || MemoryMarshal.Read<sockaddr_nl>(to).nl_pid != 0))
        {
            return to.Length < AddressSize ? Errno.EINVAL : Errno.ECONNREFUSED; // only the kernel listens
        }

        if (TakePort(0) is not Errno.OK and var error)
        {
            return error;
        }

        var answers = new List<byte[]>();
        var (counted, length, isTooMuch) = (0, 0, false);
        for (var rest = data; rest.Length >= HeaderSize && !isTooMuch;)
        {
            var header = MemoryMarshal.Read<nlmsghdr>(rest);
            if (header.nlmsg_len < HeaderSize || header.nlmsg_len > rest.Length)
            {
                break;
            }

            if ((header.nlmsg_flags & Netlink.NLM_F_REQUEST) != 0 && header.nlmsg_type >= Netlink.NLMSG_MIN_TYPE)
            {
                Answer(caller, header, rest[HeaderSize..(int)header.nlmsg_len], answers);
                for (; counted < answers.Count; counted++)
                {
                    length += answers[counted].Length;
                }

                isTooMuch = length > MaxAnswered; // the rest is lost, as what the queue does not hold
            }

            rest = rest[Math.Min((int)(header.nlmsg_len + 3) & ~3, rest.Length)..];
        }

        Deliver(answers, isTooMuch);
        return data.Length;
    }

    /// <inheritdoc/>
    public override Result<int> Receive(ICaller caller, Span<byte> buffer, MsgFlags flags, out Received received)
    {
        received = default;
        using (_lock.Enter())
        {
            if (_hasLost)
            {
                _hasLost = false;
                return Errno.ENOBUFS; // netlink(7): some events are missing
            }

            if (!_incoming.TryPeek(out var first))
            {
                return Errno.EAGAIN;
            }

            var count = Math.Min(first.Length, buffer.Length);
            first.AsSpan(0, count).CopyTo(buffer);
            received.FullLength = first.Length;
            received.Address = Name(0, 0);
            received.Flags = count < first.Length ? MsgFlags.MSG_TRUNC : MsgFlags.None;
            if ((flags & MsgFlags.MSG_PEEK) == 0)
            {
                _ = _incoming.Dequeue();
                _queued -= first.Length;
            }

            return count;
        }
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(_queue);
        using (_lock.Enter())
        {
            return PollEvents.POLLOUT | PollEvents.POLLWRNORM | (_incoming.Count > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0) | (_hasLost ? PollEvents.POLLERR : 0);
        }
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        using (_network.Enter())
        {
            return InterfaceRequests.Run(_network, caller, request, argument);
        }
    }

    /// <inheritdoc/>
    public override Errno SetOption(Task task, int level, int name, ReadOnlySpan<byte> value)
    {
        if (level != Netlink.SOL_NETLINK)
        {
            return base.SetOption(task, level, name, value);
        }

        if (value.Length < 4)
        {
            return Errno.EINVAL;
        }

        var number = MemoryMarshal.Read<int>(value);
        switch (name)
        {
            case Netlink.NETLINK_ADD_MEMBERSHIP or Netlink.NETLINK_DROP_MEMBERSHIP when number is < 1 or > 64:
                return Errno.EINVAL;
            case Netlink.NETLINK_ADD_MEMBERSHIP or Netlink.NETLINK_DROP_MEMBERSHIP:
                var bit = 1UL << (number - 1);
                Join(name == Netlink.NETLINK_ADD_MEMBERSHIP ? bit : 0, bit);
                return Errno.OK;
            case Netlink.NETLINK_EXT_ACK:
                _wantsReasons = number != 0;
                return Errno.OK;
            case Netlink.NETLINK_CAP_ACK:
                _wantsShortAnswers = number != 0;
                return Errno.OK;
            case Netlink.NETLINK_GET_STRICT_CHK:
                _isStrict = number != 0;
                return Errno.OK;
            case Netlink.NETLINK_PKTINFO or Netlink.NETLINK_BROADCAST_ERROR or Netlink.NETLINK_NO_ENOBUFS:
                return Errno.OK;
            default:
                return Errno.ENOPROTOOPT;
        }
    }

    /// <summary>Something changed that a group is told of. Inside the stack.</summary>
    internal void Tell(int group, byte[] message)
    {
        using (_lock.Enter())
        {
            if ((_groups >> (group - 1) & 1) == 0)
            {
                return;
            }

            if (_queued + message.Length > MaxQueued)
            {
                _hasLost = true;
            }
            else
            {
                _queued += message.Length;
                _incoming.Enqueue(message);
            }
        }

        _ = _queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        Join(0, ulong.MaxValue);
        if (_port != 0)
        {
            _family.GivePort(_port);
        }
    }

    /// <summary>Sets the groups under a mask.</summary>
    private void Join(ulong groups, ulong mask)
    {
        using (_network.Enter())
        {
            using (_lock.Enter())
            {
                _groups = (_groups & ~mask) | (groups & mask);
            }

            if (_groups != 0)
            {
                _network.Events.Add(this);
            }
            else
            {
                _network.Events.Remove(this);
            }
        }
    }

    private static byte[] Name(uint port, uint groups) =>
        SocketOptions.Bytes(new sockaddr_nl { nl_family = (ushort)AddressFamily.AF_NETLINK, nl_pid = port, nl_groups = groups });

    private Errno TakePort(uint wanted)
    {
        if (_port != 0)
        {
            return Errno.OK;
        }

        if (!_family.TakePort(wanted, _pid).Ok(out var port, out var error))
        {
            return error;
        }

        if (Interlocked.CompareExchange(ref _port, port, 0) != 0)
        {
            _family.GivePort(port); // another thread was faster
        }

        return Errno.OK;
    }

    private void Answer(ICaller caller, in nlmsghdr header, ReadOnlySpan<byte> body, List<byte[]> answers)
    {
        var request = new RouteRequest
        {
            Network = _network, Caller = caller, Header = header, Body = body, Port = _port, IsStrict = _isStrict, Answers = answers,
        };
        var error = Protocol switch
        {
            Netlink.NETLINK_SOCK_DIAG => DiagMessages.Answer(ref request),
            Netlink.NETLINK_GENERIC => GenericMessages.Answer(ref request),
            _ => LinkMaking.TryAnswer(ref request, _family, out var made) ? made : AnswerInside(ref request),
        };
        var reason = request.Reason;
        var isDump = request.IsDump && (Protocol != Netlink.NETLINK_ROUTE || header.nlmsg_type % 4 == 2);
        if (error == Errno.OK && isDump)
        {
            answers.Add(new NetlinkMessage(header, Netlink.NLMSG_DONE, Netlink.NLM_F_MULTI, _port).Add(0).Finish());
        }
        else if (error != Errno.OK || (header.nlmsg_flags & Netlink.NLM_F_ACK) != 0)
        {
            answers.Add(Acknowledge(header, body, error, reason));
        }
    }

    private Errno AnswerInside(ref RouteRequest request)
    {
        using (_network.Enter())
        {
            return RouteMessages.Answer(ref request);
        }
    }

    /// <summary>An NLMSG_ERROR: the number, what was asked (all of it when it was refused), and why (netlink(7)).</summary>
    private byte[] Acknowledge(in nlmsghdr header, ReadOnlySpan<byte> body, Errno error, string? reason)
    {
        var isShort = error == Errno.OK || _wantsShortAnswers;
        var tells = _wantsReasons && reason is not null;
        var flags = (ushort)((isShort ? Netlink.NLM_F_CAPPED : 0) | (tells ? Netlink.NLM_F_ACK_TLVS : 0));
        var message = new NetlinkMessage(header, Netlink.NLMSG_ERROR, flags, _port).Add(-(int)error).Add(header);
        if (!isShort)
        {
            _ = message.Add(body);
        }

        return (tells ? message.Add(Netlink.NLMSGERR_ATTR_MSG, reason!) : message).Finish();
    }

    /// <summary>Puts answers together as one read gets them. What the queue does not hold is lost, as netlink(7) says.</summary>
    private void Deliver(List<byte[]> answers, bool isPart)
    {
        using (_lock.Enter())
        {
            _hasLost |= isPart;
            var most = _queued <= MaxQueued ? MaxAnswered : MaxQueued;
            for (var i = 0; i < answers.Count;)
            {
                var datagram = new List<byte>();
                do
                {
                    datagram.AddRange(answers[i++]);
                    while (datagram.Count % 4 != 0)
                    {
                        datagram.Add(0);
                    }
                }
                while (i < answers.Count && datagram.Count + answers[i].Length <= Batch);

                if (_queued + datagram.Count > most)
                {
                    _hasLost = true;
                    break;
                }

                _queued += datagram.Count;
                _incoming.Enqueue([.. datagram]);
            }
        }

        _ = _queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
    }
}
