using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Networking;
using Dragonet.Platform.Linux.HostSockets;

namespace Dragonet.Switching;

/// <summary>
/// A kernel's plug in a switch. Made before the process is confined: afterwards it can make no sockets, and a <see cref="Connector"/> does it. When the
/// switch goes, eth0 has no carrier until it is back.
/// </summary>
internal sealed class SwitchUplink : IDisposable
{
    private const int Burst = 32;
    private const int FrameSpace = FrameSwitch.MaxFrame + 1;
    private const long QuickRetry = 100_000_000, SlowRetry = 1_000_000_000, Patience = 2_000_000_000;
    private const int QuickRetries = 20;

    private readonly SwitchAddress _address;
    private readonly Action<string>? _log;
    private readonly Connector _connector;
    private readonly FramePoller _poller = new();
    private readonly List<(int Key, bool CanRead, bool CanWrite)> _ready = [];
    private readonly byte[] _buffer = new byte[Burst * FrameSpace];
    private readonly List<ReadOnlyMemory<byte>> _frames = [];
    private readonly Lock _sending = new();
    private readonly FrameQueue _queue;    // guarded by _sending
    private FrameSocket? _socket;          // changed by the thread alone, guarded by _sending
    private bool _isWatchedForRoom;        // guarded by _sending
    private byte[] _announcement = [];
    private ExternalLink? _link;
    private Thread? _thread;
    private string? _complaint;
    private volatile bool _isDisposed;

    /// <exception cref="DragonetException">The path cannot be that of a socket.</exception>
    internal SwitchUplink(SwitchAddress address, Action<string>? log)
    {
        (_address, _log) = (address, log);
        _queue = new FrameQueue(Send);
        try
        {
            _connector = Connector.Start(address.Path);
        }
        catch (InvalidOperationException failure)
        {
            throw new DragonetException(failure.Message, failure);
        }
    }

    /// <summary>Makes the interface, and connects when somebody listens.</summary>
    /// <param name="networks">The kernel's networks.</param>
    /// <param name="kernel">The kernel.</param>
    /// <param name="name">What the interface is called.</param>
    /// <param name="identity">What tells this kernel from others; null when nothing does.</param>
    internal void Join(NetworkControl networks, Kernel.Kernel kernel, string name, string? identity)
    {
        var link = networks.CreateLink(name, Transmit);
        var hardware = _address.HardwareAddress ?? MakeAddress(kernel, name, identity);
        link.Plug(hardware, _address.Mtu, hasCarrier: false);
        foreach (var address in _address.Addresses)
        {
            networks.SetAddress(name, address.ToString(), add: true);
        }

        link.AddDefaultRoutes(_address.Gateways);
        _announcement = SwitchMessage.Make(["port", $"pid={Environment.ProcessId}", $"name={kernel.Uts.NodeName}", $"mac={hardware}", .. _address.Addresses.Select(static prefix => $"address={prefix.Address}"), .. _address.IsTrunk ? ["trunk"] : Array.Empty<string>()]);
        _link = link;
        _ = TryConnect(); // so that the first program finds it
        _thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "switch" };
        _thread.Start();
    }

    public void Dispose()
    {
        _isDisposed = true;
        _poller.Wake();
        _thread?.Join();
        lock (_sending)
        {
            _socket?.Dispose();
            _socket = null; // what is still sent is lost
        }

        _poller.Dispose();
        _connector.Dispose();
    }

    /// <summary>The same whenever it can be: of the kernel's name, or of its addresses in the network.</summary>
    private EthernetAddress MakeAddress(Kernel.Kernel kernel, string name, string? identity)
    {
        if (_address.Addresses.Count > 0 || identity is not null)
        {
            return EthernetAddress.Derive($"{identity}\0{string.Join(',', _address.Addresses)}\0{name}");
        }

        Span<byte> random = stackalloc byte[8];
        kernel.Platform.Fill(random);
        return new EthernetAddress(BinaryPrimitives.ReadUInt64LittleEndian(random) & 0xfcff_ffff_ffff | 0x0200_0000_0000);
    }

    /// <summary>The stack sends a frame; it is busy.</summary>
    private void Transmit(ReadOnlySpan<byte> frame)
    {
        lock (_sending)
        {
            _queue.Send(frame);
            WatchForRoomLocked();
        }
    }

    private bool Send(ReadOnlySpan<byte> frame) => _socket is null || _socket.Send(frame) != Errno.EAGAIN; // who has gone is noticed by reading

    private void WatchForRoomLocked()
    {
        if (_socket is { } socket && _isWatchedForRoom != _queue.Count > 0)
        {
            _isWatchedForRoom = !_isWatchedForRoom;
            _poller.Set(socket, 0, reads: true, _isWatchedForRoom);
        }
    }

    private void Run()
    {
        for (var attempts = 0; !_isDisposed;)
        {
            if (_socket is null && !TryConnect())
            {
                _poller.Wait(_ready, attempts++ < QuickRetries ? QuickRetry : SlowRetry);
                continue;
            }

            attempts = 0;
            _poller.Wait(_ready, long.MaxValue);
            foreach (var (_, canRead, canWrite) in _ready)
            {
                if (canWrite)
                {
                    lock (_sending)
                    {
                        _ = _queue.Flush();
                        WatchForRoomLocked();
                    }
                }

                if (canRead && !Receive())
                {
                    Disconnect();
                    Complain("the switch has gone");
                }
            }
        }
    }

    /// <summary>Takes what has come; false when the switch has gone.</summary>
    private bool Receive()
    {
        _frames.Clear();
        var isThere = true;
        for (var i = 0; i < Burst && isThere; i++)
        {
            var space = _buffer.AsMemory(i * FrameSpace, FrameSpace);
            if (!_socket!.Receive(space.Span).Ok(out var length, out var error))
            {
                isThere = error is Errno.EAGAIN or Errno.EINTR;
                break;
            }

            isThere = length > 0;
            if (length is >= EthernetFrame.HeaderSize and < FrameSpace)
            {
                _frames.Add(space[..length]);
            }
        }

        _link!.Receive(_frames);
        return isThere;
    }

    private bool TryConnect()
    {
        if (!_connector.Connect().Ok(out var socket, out var error))
        {
            Complain(error is Errno.ENOENT or Errno.ECONNREFUSED ? "there is no switch yet" : error == Errno.EACCES ? "this user may not connect" : error.ToString());
            return false;
        }

        _poller.Add(socket, 0);
        if (socket.Send(_announcement) != Errno.OK || AwaitAnswer(socket) is not { } lines || lines[0] != "ok")
        {
            socket.Dispose();
            return false;
        }

        lock (_sending)
        {
            _isWatchedForRoom = false;
            _socket = socket;
        }

        if (_complaint is not null)
        {
            _log?.Invoke($"network: {_address.Path}: connected");
            _complaint = null;
        }

        _link!.SetCarrier(true);
        return true;
    }

    private string[]? AwaitAnswer(FrameSocket socket)
    {
        for (var wakes = 0; wakes < 2 && !_isDisposed; wakes++)
        {
            if (socket.Receive(_buffer).Ok(out var length, out var error))
            {
                var lines = SwitchMessage.Parse(_buffer.AsSpan(0, length));
                if (lines is not ["ok", ..])
                {
                    Complain(lines is ["error", var why] ? $"it refuses: {why}" : "this is no switch");
                }

                return lines;
            }

            if (error != Errno.EAGAIN)
            {
                break;
            }

            _poller.Wait(_ready, Patience);
        }

        Complain("it gives no answer");
        return null;
    }

    private void Disconnect()
    {
        lock (_sending)
        {
            _socket?.Dispose();
            _socket = null;
            _queue.Clear();
        }

        _link!.SetCarrier(false);
    }

    /// <summary>Says once what is wrong.</summary>
    private void Complain(string what)
    {
        if (what != _complaint && !_isDisposed)
        {
            _complaint = what;
            _log?.Invoke($"network: {_address.Path}: {what}");
        }
    }
}
