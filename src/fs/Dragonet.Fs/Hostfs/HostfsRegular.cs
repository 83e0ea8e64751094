using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Hostfs;

/// <summary>A regular file of the host. One read-only and one read-write descriptor are shared by everybody who has it open.</summary>
internal sealed class HostfsRegular : HostfsInode, IHandleOwner
{
    private SharedHandle? _reader;
    private SharedHandle? _writer;
    private int _used;

    internal HostfsRegular(HostfsFileSystem owner, in HostAttributes attributes, HostfsDirectory parent, string name)
        : base(owner, attributes, parent, name)
    {
    }

    /// <inheritdoc/>
    public override Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags)
    {
        if (IsSecret)
        {
            return Errno.EACCES;
        }

        var writes = (flags & OpenFlags.O_ACCMODE) != OpenFlags.O_RDONLY;
        if (writes && Owner.IsReadOnly)
        {
            return Errno.EROFS;
        }

        Result<SharedHandle> handle;
        if (writes && (flags & (OpenFlags.O_APPEND | OpenFlags.O_DSYNC)) != 0)
        {
            // The host itself must append or synchronize: a descriptor of its own.
            handle = OpenHost(HostOpenMode.Read | HostOpenMode.Write
                | ((flags & OpenFlags.O_APPEND) != 0 ? HostOpenMode.Append : 0) | ((flags & OpenFlags.O_DSYNC) != 0 ? HostOpenMode.Sync : 0));
        }
        else
        {
            handle = Hold(writes);
        }

        return handle.Ok(out var shared, out var error) ? new HostfsFile(this, path, flags, shared) : error;
    }

    /// <summary>An open descriptor; to be released.</summary>
    internal Result<SharedHandle> Hold(bool write)
    {
        Volatile.Write(ref _used, 1);
        ref var slot = ref write ? ref _writer : ref _reader;
        while (true)
        {
            if (!write && Volatile.Read(ref _reader) is null && Volatile.Read(ref _writer) is { IsWriteOnly: false } both && both.TryHold())
            {
                return both;
            }

            if (Volatile.Read(ref slot) is { } known)
            {
                if (known.TryHold())
                {
                    return known;
                }

                _ = Interlocked.CompareExchange(ref slot, null, known);
                continue;
            }

            if (!OpenHost(write ? HostOpenMode.Read | HostOpenMode.Write : HostOpenMode.Read).Ok(out var made, out var error))
            {
                return error;
            }

            _ = made.TryHold();
            if (Interlocked.CompareExchange(ref slot, made, null) is null)
            {
                Owner.Handles.Add(this);
                return made;
            }

            made.Release();
            made.Release();
        }
    }

    /// <summary>Takes over the descriptor that created the file.</summary>
    internal void Keep(IHostFile file)
    {
        var made = new SharedHandle(file);
        if (Interlocked.CompareExchange(ref _writer, made, null) is null)
        {
            Owner.Handles.Add(this);
        }
        else
        {
            made.Release();
        }
    }

    /// <summary>Its name is about to go: whoever has it open keeps a descriptor already, and so must a stat of it.</summary>
    internal void KeepAlive() => Volatile.Write(ref _used, 1);

    /// <inheritdoc/>
    public bool TakeUsed() => Interlocked.Exchange(ref _used, 0) != 0;

    /// <inheritdoc/>
    public void DropHandle()
    {
        Interlocked.Exchange(ref _reader, null)?.Release();
        Interlocked.Exchange(ref _writer, null)?.Release();
    }

    /// <inheritdoc/>
    protected override Errno SetLength(long length)
    {
        if (!Hold(write: true).Ok(out var handle, out var error))
        {
            return error;
        }

        var result = handle.File.SetLength(length);
        handle.Release();
        return result < 0 ? (Errno)(-result) : Errno.OK;
    }

    /// <inheritdoc/>
    protected override bool TryGetFromHandle(out HostAttributes attributes)
    {
        attributes = default;
        var handle = Volatile.Read(ref _writer) ?? Volatile.Read(ref _reader);
        if (handle is null || !handle.TryHold())
        {
            return false;
        }

        var error = handle.File.GetAttributes(out attributes);
        handle.Release();
        return error == Errno.OK;
    }

    /// <inheritdoc/>
    protected override void OnUnused()
    {
        // A file without a name must not be kept by us alone.
        if (GetAttributes() is { IsOk: true, Value.Links: 0 })
        {
            DropHandle();
        }
    }

    private Result<SharedHandle> OpenHost(HostOpenMode mode)
    {
        if (!HoldParent().Ok(out var parent, out var error))
        {
            return error;
        }

        var opened = parent.Directory.OpenFile(Name, mode);
        var writeOnly = false;
        if (opened.Error == Errno.EACCES && mode == (HostOpenMode.Read | HostOpenMode.Write))
        {
            opened = parent.Directory.OpenFile(Name, HostOpenMode.Write);
            writeOnly = true;
        }

        parent.Release();
        if (!opened.Ok(out var file, out error))
        {
            return error == Errno.ELOOP ? Errno.ENOENT : error;
        }

        error = file.GetAttributes(out var attributes);
        if (error != Errno.OK || attributes.Number != Number || attributes.Device != HostDevice)
        {
            file.Dispose();
            return error != Errno.OK ? error : Errno.ENOENT;
        }

        return new SharedHandle(file) { IsWriteOnly = writeOnly };
    }
}
