using System.Buffers;
using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Memory;
using Dragonet.Net;
using Dragonet.Vfs;

namespace Dragonet.Linux.Tun;

/// <summary>/dev/net/tun, open: what the interface sends is read here, a packet a call, and what is written is what it receives.</summary>
internal sealed partial class TunFile : VfsFile
{
    private const int HeadSize = 4; // struct tun_pi
    private const int MaxFrame = 65535 + EthernetFrame.HeaderSize;

    private readonly NetworkStack _network; // of whoever opened it
    private readonly MemoryAccount _account;
    private readonly KernelLock _lock = new(LockRank.Object);
    private readonly WaitQueue _queue = new();
    private readonly Queue<(byte[] Bytes, int Length)> _frames = new(); // guarded by _lock
    private TunLink? _link;     // set once
    private bool _isAttaching;  // guarded by _lock
    private bool _isClosed;     // guarded by _lock
    private int _sendBuffer = int.MaxValue;

    private TunFile(NetworkStack network, MemoryAccount account, VfsPath path, OpenFlags flags)
        : base(path.Inode, path, flags)
    {
        _network = network;
        _account = account;
    }

    /// <summary>Gives a kernel the device.</summary>
    public static void Register(Kernel.Kernel kernel, JailLocal<NetworkStack> stacks)
        => kernel.Vfs.Devices.AddCharacter("net/tun", 0x1B6, TunNumbers.Major, TunNumbers.Minor, (caller, _, path, flags) =>
        {
            var jail = Jail.Of(caller, kernel);
            return new TunFile(jail.Get(stacks), jail.Buffers, path, flags);
        });

    private TunLink? Link => Volatile.Read(ref _link) is { IsRemoved: false } link ? link : null;

    /// <summary>A packet of the interface; false when there is no room. Inside the stack.</summary>
    public bool Put(ReadOnlySpan<byte> frame, int limit)
    {
        using (_lock.Enter())
        {
            if (_isClosed || _frames.Count >= limit || !_account.TryCharge(frame.Length))
            {
                return false;
            }

            var bytes = ArrayPool<byte>.Shared.Rent(frame.Length);
            frame.CopyTo(bytes);
            _frames.Enqueue((bytes, frame.Length));
        }

        _ = _queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        return true;
    }

    /// <summary>The interface went up or down, or away.</summary>
    public void OnStateChanged() => _queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM | PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLERR);

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        if (Link is not { } link)
        {
            return Errno.EBADFD;
        }

        (byte[] Bytes, int Length) frame;
        using (_lock.Enter())
        {
            if (!_frames.TryDequeue(out frame))
            {
                return Errno.EAGAIN;
            }
        }

        var result = Copy(frame.Bytes.AsSpan(0, frame.Length), destination, link);
        Drop(frame);
        return result;
    }

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source)
    {
        if (Link is not { } link)
        {
            return Errno.EBADFD;
        }

        var frame = source;
        ushort protocol = 0;
        if (link.HasHead)
        {
            if (frame.Length < HeadSize)
            {
                return Errno.EINVAL;
            }

            protocol = BinaryPrimitives.ReadUInt16BigEndian(frame[2..]);
            frame = frame[HeadSize..];
        }

        if (frame.Length > MaxFrame || (link.IsTap && frame.Length < EthernetFrame.HeaderSize))
        {
            return Errno.EINVAL;
        }

        if (!link.IsTap && !link.HasHead)
        {
            protocol = frame.IsEmpty ? (ushort)0 : ProtocolOf(frame);
            if (protocol == 0)
            {
                return Errno.EINVAL;
            }
        }

        if (_network.Fabric.PlaceOf(link.Link) is not { } place)
        {
            return Errno.EBADFD;
        }

        using (place.Enter())
        {
            if (!place.Stack.Interfaces.Contains(link.Link) || !link.Link.IsUp)
            {
                return Errno.EIO;
            }

            if (link.Link is EthernetInterface ethernet)
            {
                ethernet.Receive(frame);
            }
            else if (protocol is EthernetFrame.TypeIPv4 or EthernetFrame.TypeIPv6)
            {
                ((PointToPointInterface)link.Link).Receive(frame);
            }
        }

        return source.Length;
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(_queue);
        if (Link is not { } link)
        {
            return PollEvents.POLLERR;
        }

        using (_lock.Enter())
        {
            return (_frames.Count > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0) | (link.Link.IsUp ? PollEvents.POLLOUT | PollEvents.POLLWRNORM : 0);
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        if (_link is { } link)
        {
            if (link.IsPersistent)
            {
                SetCarrier(link, isOn: false);
                link.Leave();
            }
            else
            {
                _network.Fabric.Destroy(link.Link);
            }
        }

        using (_lock.Enter())
        {
            _isClosed = true;
        }

        while (_frames.TryDequeue(out var frame))
        {
            Drop(frame);
        }

        base.OnRelease();
    }

    /// <summary>A packet with what is in front of it; what does not fit is lost (tun_put_user of Linux).</summary>
    private static Result<int> Copy(ReadOnlySpan<byte> frame, Span<byte> destination, TunLink link)
    {
        var head = 0;
        if (link.HasHead)
        {
            if (destination.Length < HeadSize)
            {
                return Errno.EINVAL;
            }

            var isCut = destination.Length - HeadSize < frame.Length;
            BinaryPrimitives.WriteUInt16LittleEndian(destination, isCut ? TunNumbers.TUN_PKT_STRIP : (ushort)0);
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], link.IsTap ? BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) : ProtocolOf(frame));
            head = HeadSize;
            destination = destination[HeadSize..];
        }

        var count = Math.Min(frame.Length, destination.Length);
        frame[..count].CopyTo(destination);
        return head + count;
    }

    /// <summary>The Ethernet type for an IP packet; 0 for what is none.</summary>
    private static ushort ProtocolOf(ReadOnlySpan<byte> packet) => (packet[0] >> 4) switch
    {
        4 => EthernetFrame.TypeIPv4,
        6 => EthernetFrame.TypeIPv6,
        _ => 0,
    };

    private void Drop((byte[] Bytes, int Length) frame)
    {
        ArrayPool<byte>.Shared.Return(frame.Bytes);
        _account.Release(frame.Length);
    }
}
