using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostSockets;

/// <summary>A UNIX socket whose packets are frames (unix(7), SOCK_SEQPACKET), or a TAP device of the host. It never blocks.</summary>
public sealed unsafe class FrameSocket : IDisposable
{
    private const int Local = 1, SequencedPackets = 5 | 0x80800, CloseOnExecNonBlocking = 0x80800;
    private const int SolSocket = 1, PeerCredentials = 17;

    private readonly HostFd _fd;
    private readonly bool _isDevice;

    internal FrameSocket(HostFd fd, bool isDevice = false) => (_fd, _isDevice) = (fd, isDevice);

    internal int Descriptor => _fd.Number;

    /// <summary>Whether a path is short enough for a socket (unix(7), sun_path).</summary>
    public static bool IsPath(string path) => Encoding.UTF8.GetByteCount(path) is > 0 and <= Connector.MaxPath;

    /// <summary>Makes a socket with a name; nobody can connect before <see cref="Listen"/>.</summary>
    public static Result<FrameSocket> Bind(string path)
    {
        var result = Host.Call(Nr.socket, Local, SequencedPackets, 0);
        return result < 0 ? Host.ErrnoOf(result) : WithAddress(new FrameSocket(HostFd.Own(result)), Nr.bind, path);
    }

    /// <summary>Connects: EAGAIN when too many are waiting to be accepted.</summary>
    public static Result<FrameSocket> Connect(string path)
    {
        var result = Host.Call(Nr.socket, Local, SequencedPackets, 0);
        return result < 0 ? Host.ErrnoOf(result) : WithAddress(new FrameSocket(HostFd.Own(result)), Nr.connect, path);
    }

    /// <summary>A TAP device of this name, which is made when there is none: EPERM without CAP_NET_ADMIN, unless it is this user's. It is up when
    /// we may say so.</summary>
    public static Result<FrameSocket> OpenTap(string name)
    {
        const long setInterface = 0x400454ca, getFlags = 0x8913, setFlags = 0x8914; // TUNSETIFF, SIOCGIFFLAGS, SIOCSIFFLAGS
        const short tap = 2, noInformation = 0x1000, up = 1;
        var bytes = Encoding.UTF8.GetBytes(name);
        if (bytes.Length is 0 or > 15)
        {
            return Errno.EINVAL;
        }

        long result;
        fixed (byte* path = "/dev/net/tun\0"u8)
        {
            // SAFETY: a NUL-terminated literal. AT_FDCWD; O_RDWR|O_NONBLOCK|O_CLOEXEC.
            result = Host.Call(Nr.openat, -100, (long)path, 2 | CloseOnExecNonBlocking);
        }

        if (result < 0)
        {
            return Host.ErrnoOf(result);
        }

        var device = HostFd.Own(result);
        var request = stackalloc byte[40]; // struct ifreq: a name and a union
        new Span<byte>(request, 40).Clear();
        bytes.CopyTo(new Span<byte>(request, 16));
        *(short*)(request + 16) = tap | noInformation;
        // SAFETY: the structure is on the stack.
        result = Host.Call(Nr.ioctl, device.Number, setInterface, (long)request);
        if (result < 0)
        {
            device.Dispose();
            return Host.ErrnoOf(result);
        }

        using var socket = HostFd.Own(Host.Call(Nr.socket, 2, 2 | CloseOnExecNonBlocking, 0)); // AF_INET, SOCK_DGRAM: any will do
        if (Host.Call(Nr.ioctl, socket.Number, getFlags, (long)request) == 0)
        {
            *(short*)(request + 16) |= up;
            _ = Host.Call(Nr.ioctl, socket.Number, setFlags, (long)request); // else its owner does it: ip link set NAME up
        }

        return new FrameSocket(device, isDevice: true);
    }

    /// <summary>listen(2).</summary>
    public Errno Listen() => Host.ErrnoOf(Host.Call(Nr.listen, _fd.Number, 128));

    /// <summary>accept(2).</summary>
    public Result<FrameSocket> Accept()
    {
        var result = Host.Call(Nr.accept4, _fd.Number, 0, 0, CloseOnExecNonBlocking);
        return result < 0 ? Host.ErrnoOf(result) : new FrameSocket(HostFd.Own(result));
    }

    /// <summary>Who connected (SO_PEERCRED): process and user.</summary>
    public (int Pid, uint Uid) Peer
    {
        get
        {
            var credentials = stackalloc int[3];
            var length = 3 * sizeof(int);
            // SAFETY: struct ucred and its length on the stack.
            return Host.Call(Nr.getsockopt, _fd.Number, SolSocket, PeerCredentials, (long)credentials, (long)&length) == 0 ? (credentials[0], (uint)credentials[1]) : (0, uint.MaxValue);
        }
    }

    /// <summary>Sends a frame: EAGAIN when there is no room.</summary>
    public Errno Send(ReadOnlySpan<byte> frame)
    {
        fixed (byte* pointer = frame)
        {
            // SAFETY: the span is pinned for the call. MSG_NOSIGNAL.
            return Host.ErrnoOf(_isDevice ? Host.Call(Nr.write, _fd.Number, (long)pointer, frame.Length) : Host.Call(Nr.sendto, _fd.Number, (long)pointer, frame.Length, 0x4000));
        }
    }

    /// <summary>Takes a frame; 0 when the other end has closed. What does not fit is cut off: a buffer is longer than the longest frame.</summary>
    public Result<int> Receive(Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            // SAFETY: the span is pinned for the call.
            var result = Host.Call(Nr.read, _fd.Number, (long)pointer, buffer.Length);
            return result < 0 ? Host.ErrnoOf(result) : (int)result;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _fd.Dispose();

    private static Result<FrameSocket> WithAddress(FrameSocket socket, Nr call, string path)
    {
        long result;
        var address = Connector.AddressOf(path);
        fixed (byte* pointer = address)
        {
            // SAFETY: the pinned address.
            result = Host.Call(call, socket.Descriptor, (long)pointer, address.Length);
        }

        if (result < 0)
        {
            socket.Dispose();
            return Host.ErrnoOf(result);
        }

        return socket;
    }
}
