using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Names and connections of UNIX sockets.</summary>
public sealed partial class UnixSocket
{
    /// <inheritdoc/>
    public override Errno Bind(Task task, ReadOnlySpan<byte> address)
    {
        if (!UnixAddress.Parse(address).Ok(out var name, out var error))
        {
            return error;
        }

        if (name.Length > 0 && !UnixAddress.IsAbstract(name))
        {
            return BindPath(task, name);
        }

        using (_family.Lock.Enter())
        {
            if (_name.Length > 0)
            {
                // Autobind of a bound socket is no error.
                return name.Length == 0 ? Errno.OK : Errno.EINVAL;
            }

            if (name.Length == 0)
            {
                _name = _names.AutobindLocked(this);
                return Errno.OK;
            }

            error = _names.BindLocked(name, this);
            if (error == Errno.OK)
            {
                _name = name;
            }

            return error;
        }
    }

    /// <inheritdoc/>
    public override Errno Listen(Task task, int backlog)
    {
        if (IsDatagram)
        {
            return Errno.EOPNOTSUPP;
        }

        using (_family.Lock.Enter())
        {
            if (_name.Length == 0 || _isConnected)
            {
                return Errno.EINVAL;
            }

            _backlogLimit = (int)Math.Min((uint)backlog, SocketOption.SOMAXCONN);
            _backlog ??= new Queue<UnixSocket>();
            _ownCredentials = CredentialsOf(task);
        }

        // A larger backlog may let callers in.
        _ = _incoming.Space.Wake();
        return Errno.OK;
    }

    /// <inheritdoc/>
    public override Result<SocketFile> Accept(Task task, OpenFlags flags)
    {
        if (IsDatagram)
        {
            return Errno.EOPNOTSUPP;
        }

        UnixSocket accepted;
        using (_family.Lock.Enter())
        {
            if (_backlog is null)
            {
                return Errno.EINVAL;
            }

            if (!_backlog.TryDequeue(out accepted!))
            {
                return _isReadShut ? Errno.EINVAL : Errno.EAGAIN;
            }
        }

        _ = _incoming.Space.Wake();
        _ = accepted.SetStatusFlags(flags & OpenFlags.O_NONBLOCK);
        return accepted;
    }

    /// <inheritdoc/>
    public override Errno Connect(Task task, ReadOnlySpan<byte> address)
    {
        if (address.Length >= 2 && (address[0] | address[1] << 8) == (int)AddressFamily.AF_UNSPEC && IsDatagram)
        {
            using (_family.Lock.Enter())
            {
                _peer = null;
            }

            WakeAll();
            return Errno.OK;
        }

        if (!Resolve(task, address).Ok(out var target, out var error))
        {
            return error;
        }

        using (_family.Lock.Enter())
        {
            if (_name.Length == 0 && Options.PassCredentials)
            {
                _name = _names.AutobindLocked(this);
            }

            return IsDatagram ? ConnectDatagramLocked(target) : ConnectStreamLocked(task, target);
        }
    }

    /// <inheritdoc/>
    public override WaitQueue? GetConnectQueue(Task task, ReadOnlySpan<byte> address) =>
        Resolve(task, address).Ok(out var target, out _) ? target._incoming.Space : null;

    /// <summary>Connects two fresh sockets. Family lock held.</summary>
    internal void JoinLocked(UnixSocket other, in ucred own, in ucred others)
    {
        _peer = other;
        other._peer = this;
        _peerCredentials = others;
        other._peerCredentials = own;
        _isConnected = other._isConnected = !IsDatagram;
    }

    private Errno ConnectDatagramLocked(UnixSocket target)
    {
        if (target._isClosed)
        {
            return Errno.ECONNREFUSED;
        }

        if (target._peer is { } other && other != this)
        {
            return Errno.EPERM;
        }

        _peer = target;
        return Errno.OK;
    }

    private Errno ConnectStreamLocked(Task task, UnixSocket target)
    {
        if (_isConnected)
        {
            return Errno.EISCONN;
        }

        if (_backlog is not null)
        {
            return Errno.EINVAL;
        }

        if (target._isClosed || target._backlog is null || target._isReadShut)
        {
            return Errno.ECONNREFUSED;
        }

        if (target._backlog.Count > target._backlogLimit)
        {
            return Errno.EAGAIN;
        }

        var accepted = new UnixSocket(_kernel, _family, _names, _buffers, Type, OpenFlags.O_RDONLY) { _name = target._name };
        accepted.Options.PassCredentials = target.Options.PassCredentials;
        JoinLocked(accepted, CredentialsOf(task), target._ownCredentials);
        target._backlog.Enqueue(accepted);
        _ = target._queue.Wake(PollEvents.POLLIN | PollEvents.POLLRDNORM);
        _ = _queue.Wake(PollEvents.POLLOUT | PollEvents.POLLWRNORM);
        return Errno.OK;
    }

    /// <summary>The socket at an address. ECONNREFUSED when there is none, EPROTOTYPE for another type.</summary>
    private Result<UnixSocket> Resolve(ICaller caller, ReadOnlySpan<byte> address)
    {
        if (!UnixAddress.Parse(address).Ok(out var name, out var error))
        {
            return error;
        }

        if (name.Length == 0)
        {
            return Errno.EINVAL;
        }

        if (UnixAddress.IsAbstract(name))
        {
            using (_family.Lock.Enter())
            {
                return _names.FindLocked(name, Type) is { } found ? found : Errno.ECONNREFUSED;
            }
        }

        if (caller is not Task task)
        {
            return Errno.ECONNREFUSED;
        }

        var context = new WalkContext(task, task.Fs.Root, task.Fs.Cwd);
        if (!_kernel.Vfs.Lookup(context, name, WalkFlags.Follow).Ok(out var place, out error))
        {
            return error;
        }

        error = place.Inode.CheckAccess(task.Credentials, Access.Write);
        if (error != Errno.OK)
        {
            return error;
        }

        if (place.Inode.Attachment is not UnixSocket socket || place.Inode.Type != StatMode.S_IFSOCK)
        {
            return Errno.ECONNREFUSED;
        }

        return socket.Type == Type ? socket : Errno.EPROTOTYPE;
    }

    private Errno BindPath(Task task, string name)
    {
        if (_name.Length > 0)
        {
            return Errno.EINVAL;
        }

        var context = new WalkContext(task, task.Fs.Root, task.Fs.Cwd);
        if (!_kernel.Vfs.MakeNode(context, name, StatMode.S_IFSOCK | StatMode.S_IRWXUGO, 0).Ok(out var place, out var error))
        {
            return error == Errno.EEXIST ? Errno.EADDRINUSE : error;
        }

        using (_family.Lock.Enter())
        {
            if (_name.Length == 0)
            {
                _name = name;
                _inode = place.Inode;
                place.Inode.Attachment = this;
                return Errno.OK;
            }
        }

        // Two binds of one socket at the same time: the second one made a name for nothing.
        _ = _kernel.Vfs.Unlink(context, name, directory: false);
        return Errno.EINVAL;
    }
}
