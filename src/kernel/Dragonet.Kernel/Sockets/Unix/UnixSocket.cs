using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// A UNIX socket (unix(7)): stream, datagram or sequenced packets, named by a path, an abstract name or not at all.
/// Who is connected to whom is guarded by the family's lock.
/// </summary>
public sealed partial class UnixSocket : SocketFile
{
    // What a socket takes without any data, roughly.
    private const int OwnSize = 1024;

    private readonly Kernel _kernel;
    private readonly UnixFamily _family;
    private readonly UnixNames _names;
    private readonly UnixQueue _incoming;
    private readonly WaitQueue _queue = new();
    private volatile UnixSocket? _peer;                // guarded by the family's lock for writes
    private volatile string _name = UnixAddress.Unnamed; // guarded by the family's lock for writes
    private Inode? _inode;                              // guarded by the family's lock: where the name is a path
    private Queue<UnixSocket>? _backlog;               // guarded by the family's lock: callers that were not accepted; null when not listening
    private int _backlogLimit;                         // guarded by the family's lock
    private ucred _peerCredentials = new(0, uint.MaxValue, uint.MaxValue); // guarded by the family's lock
    private ucred _ownCredentials;                     // guarded by the family's lock: at listen(2)
    private readonly MemoryAccount _buffers;
    private volatile bool _isConnected;                // a stream or packet socket that is or was connected
    private volatile bool _isReadShut;
    private volatile bool _isWriteShut;
    private volatile bool _isClosed;
    private int _error;                                // pending errno

    internal UnixSocket(Kernel kernel, UnixFamily family, UnixNames names, MemoryAccount buffers, SocketType type, OpenFlags flags)
        : base(AddressFamily.AF_UNIX, type, 0, flags, kernel.NextAnonymousInode())
    {
        _kernel = kernel;
        _family = family;
        _names = names;
        _buffers = buffers;
        buffers.Charge(OwnSize);
        _incoming = new UnixQueue(type == SocketType.SOCK_STREAM, buffers);
        names.Open(this);
    }

    /// <inheritdoc/>
    public override bool IsListening => _backlog is not null;

    /// <summary>The bound name (see <see cref="UnixAddress"/>), for /proc/net/unix.</summary>
    public string Name => _name;

    private bool IsDatagram => Type == SocketType.SOCK_DGRAM;

    /// <summary>The credentials a socket records of a task.</summary>
    internal static ucred CredentialsOf(ICaller caller) =>
        new((caller as Task)?.Process.Pid ?? 0, caller.Credentials.EffectiveUid, caller.Credentials.EffectiveGid);

    /// <inheritdoc/>
    public override Result<byte[]> GetName() => UnixAddress.Format(_name);

    /// <inheritdoc/>
    public override Result<byte[]> GetPeerName() => _peer is { } peer ? UnixAddress.Format(peer._name) : Errno.ENOTCONN;

    /// <inheritdoc/>
    public override Errno TakeError() => (Errno)Interlocked.Exchange(ref _error, 0);

    /// <inheritdoc/>
    public override Errno Shutdown(ShutdownHow how)
    {
        if (how is not (ShutdownHow.SHUT_RD or ShutdownHow.SHUT_WR or ShutdownHow.SHUT_RDWR))
        {
            return Errno.EINVAL;
        }

        var (read, write) = (how != ShutdownHow.SHUT_WR, how != ShutdownHow.SHUT_RD);
        UnixSocket? peer;
        using (_family.Lock.Enter())
        {
            peer = IsDatagram ? null : _peer;
            ShutLocked(read, write);
            peer?.ShutLocked(read: write, write: read);
        }

        WakeAll();
        peer?.WakeAll();
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        wait?.Add(_queue);
        var peer = _peer;
        if (IsDatagram && peer is not null)
        {
            wait?.Add(peer._incoming.Space, PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLWRBAND);
        }

        var events = PollEvents.None;
        if (Volatile.Read(ref _error) != 0)
        {
            events |= PollEvents.POLLERR;
        }

        if (_isReadShut && _isWriteShut)
        {
            events |= PollEvents.POLLHUP;
        }

        if (_isReadShut)
        {
            events |= PollEvents.POLLRDHUP | PollEvents.POLLIN | PollEvents.POLLRDNORM;
        }

        if (_backlog is { } backlog)
        {
            using (_family.Lock.Enter())
            {
                return events | (backlog.Count > 0 ? PollEvents.POLLIN | PollEvents.POLLRDNORM : 0);
            }
        }

        if (_incoming.HasData)
        {
            events |= PollEvents.POLLIN | PollEvents.POLLRDNORM;
        }

        if (!IsDatagram && !_isConnected)
        {
            events |= PollEvents.POLLHUP;
        }

        if (peer is null || peer._incoming.HasRoom(Options.SendBuffer))
        {
            events |= PollEvents.POLLOUT | PollEvents.POLLWRNORM | PollEvents.POLLWRBAND;
        }

        return events;
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument) => request switch
    {
        Ioctls.SIOCINQ => IsListening ? Errno.EINVAL : caller.Memory.Write(argument, _incoming.NextLength),
        Ioctls.SIOCOUTQ => IsListening ? Errno.EINVAL : caller.Memory.Write(argument, _peer?._incoming.Count ?? 0),
        Ioctls.SIOCATMARK => caller.Memory.Write(argument, 0),
        _ => _kernel.Sockets.Network?.Ioctl(caller, request, argument) ?? Errno.ENOTTY,
    };

    /// <inheritdoc/>
    public override Result<byte[]> GetOption(Task task, int level, int name)
    {
        if (level != SocketOption.SOL_SOCKET)
        {
            return Errno.EOPNOTSUPP;
        }

        switch (name)
        {
            case SocketOption.SO_PEERCRED:
                using (_family.Lock.Enter())
                {
                    var (who, peer) = (task.Credentials, _peerCredentials);
                    return SocketOptions.Bytes(peer with { uid = who.ShownUid(peer.uid), gid = who.ShownGid(peer.gid) });
                }

            case SocketOption.SO_PEERPIDFD:
                var pid = _peerCredentials.pid;
                if (pid == 0)
                {
                    return Errno.ENODATA;
                }

                if (task.Jail.FindProcess(pid) is not { } process)
                {
                    return Errno.ESRCH;
                }

                var installed = task.Files.Install(task, new PidFile(process, null, OpenFlags.O_RDWR), closeOnExec: true);
                return installed.IsOk ? SocketOptions.Word(installed.Value) : installed.Error;

            default:
                return base.GetOption(task, level, name);
        }
    }

    /// <inheritdoc/>
    public override Errno SetOption(Task task, int level, int name, ReadOnlySpan<byte> value) =>
        level == SocketOption.SOL_SOCKET && name == SocketOption.SO_REUSEPORT ? Errno.EOPNOTSUPP : base.SetOption(task, level, name, value);

    /// <summary>A descriptor goes: what is left may be reachable through messages only.</summary>
    public override void OnClose(object owner) => _family.CollectGarbage(this);

    /// <summary>What others may know of it. Family lock held.</summary>
    internal UnixSocketInfo DescribeLocked()
    {
        var isListening = _backlog is not null;
        var state = isListening ? SockDiag.TCP_LISTEN : _isConnected || _peer is not null ? SockDiag.TCP_ESTABLISHED : SockDiag.TCP_CLOSE;
        return new UnixSocketInfo(
            Number, Type, state, _name, _inode?.Number ?? 0, 0, _peer?.Number ?? 0, _backlog?.Select(caller => caller._peer?.Number ?? 0).ToArray(),
            isListening ? _backlog!.Count : _incoming.Count, isListening ? _backlogLimit : _peer?._incoming.Count ?? 0,
            (byte)((_isReadShut ? 1 : 0) | (_isWriteShut ? 2 : 0)), References);
    }

    /// <summary>Sockets in the messages that could be received through this one.</summary>
    internal List<UnixSocket> GetHeldSockets()
    {
        var held = new List<UnixSocket>();
        foreach (var queue in GetQueues())
        {
            foreach (var rights in queue.GetRights())
            {
                foreach (var file in rights.Files)
                {
                    if (file is UnixSocket socket)
                    {
                        held.Add(socket);
                    }
                }
            }
        }

        return held;
    }

    /// <summary>Drops every message that could be received through this one.</summary>
    internal void DiscardMessages()
    {
        foreach (var queue in GetQueues())
        {
            foreach (var rights in queue.Clear())
            {
                rights.Discard();
            }
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        _buffers.Release(OwnSize);
        _names.Close(this);
        UnixSocket? peer;
        UnixSocket[] callers;
        Inode? inode;
        using (_family.Lock.Enter())
        {
            _isClosed = true;
            peer = _peer;
            callers = _backlog?.ToArray() ?? [];
            _backlog?.Clear();
            inode = _inode;
            _inode = null;
            if (UnixAddress.IsAbstract(_name))
            {
                _names.UnbindLocked(_name, this);
            }

            ShutLocked(read: true, write: true);
            if (!IsDatagram && peer is not null && !peer._isClosed)
            {
                peer.ShutLocked(read: true, write: true);
                if (_incoming.HasData)
                {
                    peer.Fail(Errno.ECONNRESET);
                }
            }
        }

        if (inode is not null && inode.Attachment == this)
        {
            inode.Attachment = null;
        }

        foreach (var caller in callers)
        {
            caller._peer?.Fail(Errno.ECONNRESET);
            caller.Release();
        }

        DiscardMessages();
        WakeAll();
        peer?.WakeAll();
        _family.CollectGarbage(null);
    }

    private List<UnixQueue> GetQueues()
    {
        var queues = new List<UnixQueue> { _incoming };
        using (_family.Lock.Enter())
        {
            foreach (var caller in _backlog ?? [])
            {
                queues.Add(caller._incoming);
            }
        }

        return queues;
    }

    private void ShutLocked(bool read, bool write)
    {
        _isReadShut |= read;
        _isWriteShut |= write;
        if (read)
        {
            _incoming.Close();
        }
    }

    private void Fail(Errno error) => _ = Interlocked.Exchange(ref _error, (int)error);

    private void WakeAll()
    {
        _ = _queue.Wake();
        _ = _incoming.Space.Wake();
    }
}
