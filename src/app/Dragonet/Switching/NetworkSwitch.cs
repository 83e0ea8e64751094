using System.IO;
using Dragonet.Abi;
using Dragonet.Net;
using Dragonet.Networking;
using Dragonet.Platform.Linux.Confinement;
using Dragonet.Platform.Linux.HostSockets;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Switching;

/// <summary>
/// A virtual switch between kernels: whoever connects to its UNIX socket (SOCK_SEQPACKET, a packet is a frame) is a port. One thread does everything.
/// </summary>
public sealed class NetworkSwitch : IDisposable
{
    private const int ListenerKey = 0;
    private const int Burst = 64; // frames of one port before it is the next one's turn
    private const int SpareConnections = 64; // for questions, when all ports are taken

    private readonly NetworkSwitchOptions _options;
    private readonly SwitchLock _lock;
    private readonly FramePoller _poller = new();
    private readonly FrameSocket _listener;
    private readonly FrameSwitch _frames;
    private readonly SwitchDesk _desk;
    private readonly Dictionary<int, SwitchConnection> _connections = [];
    private readonly byte[] _buffer = new byte[FrameSwitch.MaxFrame + 1]; // a frame that fills it is too long
    private int _lastKey = ListenerKey;
    private bool _isFull; // no descriptors are left
    private volatile bool _isStopped;

    private NetworkSwitch(NetworkSwitchOptions options, SwitchLock alive, FrameSocket listener, FrameSocket? tap, LinkImpairment? impairment)
    {
        (_options, _lock, _listener) = (options, alive, listener);
        _frames = new FrameSwitch(new FrameSwitchOptions
        {
            IsHub = options.IsHub,
            IsOpen = options.IsOpen,
            AllowsTrunks = options.AllowsTrunks,
            MaxPorts = options.MaxPorts,
            Impairment = impairment,
        });
        _desk = new SwitchDesk(_frames, () => _connections.Values);
        _poller.Add(listener, ListenerKey);
        if (tap is not null)
        {
            var connection = Add(tap, isDevice: true);
            connection.Port = _frames.Connect(new SwitchPortOptions { Name = options.Tap!, IsTrunk = true }, connection.Send, isOurs: true).Value;
        }
    }

    /// <summary>Opens a switch; from now on others can connect.</summary>
    /// <exception cref="DragonetException">The path cannot be used, or there is a switch; the TAP device cannot be opened; a word is wrong.</exception>
    public static NetworkSwitch Open(NetworkSwitchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var why = "";
        var impairment = options.Impairment is { } text ? ImpairmentText.Parse(text.Split(' ', StringSplitOptions.RemoveEmptyEntries), out why) : null;
        if (impairment is null && options.Impairment is not null)
        {
            throw new DragonetException(why);
        }

        if (!FrameSocket.IsPath(options.Path))
        {
            throw new DragonetException($"{options.Path}: the path of a socket has at most 107 bytes");
        }

        var alive = SwitchLock.Take(options.Path);
        FrameSocket? listener = null, tap = null;
        try
        {
            if (options.Tap is { } name && !FrameSocket.OpenTap(name).Ok(out tap, out var error))
            {
                throw new DragonetException($"TAP device '{name}': {error}{(error == Errno.EPERM ? " (as root: ip tuntap add " + name + " mode tap user NAME)" : "")}");
            }

            listener = Listen(options);
            var opened = new NetworkSwitch(options, alive, listener, tap, impairment);
            if (options.Log is { } log)
            {
                HostSide.Detach(log, options.Kept);
            }

            if (options.ConfineProcess)
            {
                ProcessConfinement.CloseInherited();
                ProcessConfinement.RestrictFiles(ConfinedFiles.OfRuntime, hasGuests: false);
                ProcessConfinement.RestrictCalls(serves: true, hasGuests: false);
            }

            return opened;
        }
        catch (Exception failure)
        {
            tap?.Dispose();
            listener?.Dispose();
            alive.Dispose();
            throw failure is InvalidOperationException ? new DragonetException(failure.Message, failure) : failure;
        }
    }

    /// <summary>Carries frames until <see cref="Stop"/>.</summary>
    public void Run()
    {
        var ready = new List<(int Key, bool CanRead, bool CanWrite)>();
        var gone = new List<SwitchConnection>();
        while (!_isStopped)
        {
            var next = _frames.NextDeadline;
            _poller.Wait(ready, next == long.MaxValue ? next : next - HostTime.Monotonic);
            _frames.SetTime(HostTime.Monotonic);
            foreach (var (key, canRead, canWrite) in ready)
            {
                if (key == ListenerKey)
                {
                    Accept();
                }
                else if (_connections.TryGetValue(key, out var connection))
                {
                    if (canWrite)
                    {
                        connection.Flush();
                    }

                    if (canRead && !Read(connection))
                    {
                        Remove(connection);
                    }
                }
            }

            _frames.Run();
            foreach (var connection in _connections.Values)
            {
                if (connection.IsBroken)
                {
                    gone.Add(connection);
                }
                else if (connection.IsWaiting != connection.IsWatchedForRoom)
                {
                    connection.IsWatchedForRoom = !connection.IsWatchedForRoom;
                    _poller.Set(connection.Socket, connection.Key, reads: true, connection.IsWatchedForRoom);
                }
            }

            gone.ForEach(Remove);
            gone.Clear();
        }
    }

    /// <summary>Ends <see cref="Run"/>. From any thread.</summary>
    public void Stop()
    {
        _isStopped = true;
        _poller.Wake();
    }

    /// <summary>Closes all connections. The socket's name stays, with nobody behind it, until the next switch of this path: who is confined can
    /// remove no files.</summary>
    public void Dispose()
    {
        foreach (var connection in _connections.Values.ToArray())
        {
            Remove(connection);
        }

        _listener.Dispose();
        _poller.Dispose();
        _lock.Dispose();
    }

    private static FrameSocket Listen(NetworkSwitchOptions options)
    {
        if (!FrameSocket.Bind(options.Path).Ok(out var listener, out var error))
        {
            throw new DragonetException($"{options.Path}: no socket can be made here: {error}");
        }

        try
        {
            // Nobody can connect yet. The group first: with it the modes of others would be the group's.
            const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            File.SetUnixFileMode(options.Path, own);
            if (options.Group is { } group)
            {
                HostSide.GiveToGroup(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(options.Path))!, System.IO.Path.GetFileName(options.Path), group);
                File.SetUnixFileMode(options.Path, own | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
            }

            if (listener.Listen() is not Errno.OK and var failure)
            {
                throw new DragonetException($"{options.Path}: {failure}");
            }

            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private void Accept()
    {
        for (var i = 0; i < Burst; i++)
        {
            if (_listener.Accept().Ok(out var socket, out var error))
            {
                if (_connections.Count >= _options.MaxPorts + SpareConnections)
                {
                    socket.Dispose();
                }
                else
                {
                    _ = Add(socket, isDevice: false);
                }
            }
            else if (error is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM)
            {
                _isFull = true; // until somebody goes: it would be ready, again and again
                _poller.Set(_listener, ListenerKey, reads: false, writes: false);
                return;
            }
            else if (error == Errno.EAGAIN)
            {
                return;
            }
        }
    }

    private SwitchConnection Add(FrameSocket socket, bool isDevice)
    {
        var connection = new SwitchConnection(socket, ++_lastKey, isDevice);
        _connections.Add(connection.Key, connection);
        _poller.Add(socket, connection.Key);
        return connection;
    }

    private void Remove(SwitchConnection connection)
    {
        if (!_connections.Remove(connection.Key))
        {
            return;
        }

        if (connection.Port is { } port)
        {
            _frames.Disconnect(port);
        }

        _frames.RemoveMonitor(connection.Answers);
        connection.Socket.Dispose();
        if (_isFull)
        {
            _isFull = false;
            _poller.Set(_listener, ListenerKey, reads: true, writes: false);
        }
    }

    /// <summary>Takes what has come; false when it has gone.</summary>
    private bool Read(SwitchConnection connection)
    {
        for (var i = 0; i < Burst; i++)
        {
            if (!connection.Socket.Receive(_buffer).Ok(out var length, out var error))
            {
                return error is Errno.EAGAIN or Errno.EINTR or Errno.EIO; // EIO: a TAP device that is down
            }

            if (length == 0)
            {
                return false;
            }

            var frame = _buffer.AsSpan(0, length);
            if (connection.Port is { } port)
            {
                _frames.Receive(port, frame);
            }
            else if (connection.IsMonitor)
            {
                continue; // it looks, and says nothing
            }
            else if (SwitchMessage.Parse(frame) is { } lines)
            {
                _desk.Answer(connection, lines);
            }
            else if (_frames.Connect(new SwitchPortOptions(), connection.Send).Ok(out port, out _))
            {
                connection.Port = port;
                _frames.Receive(port, frame);
            }
            else
            {
                return false; // too many
            }
        }

        return true;
    }
}
