using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>What all tmpfs inodes have: attributes and extended attributes. FIFOs, sockets and device nodes are nothing more.</summary>
internal class TmpfsInode : Inode
{
    private const int MaxXattrBytes = 1 << 20;

    private readonly ulong _device;
    private Dictionary<string, byte[]>? _xattrs; // guarded by Lock
    private int _xattrBytes;                     // guarded by Lock
    private uint _mode;                          // written under Lock
    private uint _uid;                           // written under Lock
    private uint _gid;                           // written under Lock
    private long _accessTime;                    // written under Lock
    private long _modifyTime;                    // written under Lock
    private long _changeTime;                    // written under Lock
    private readonly long _birthTime;

    internal TmpfsInode(TmpfsFileSystem owner, in NewNode node)
        : base(owner, owner.NextNumber())
    {
        Owner = owner;
        _device = node.Device;
        _mode = node.Mode;
        _uid = node.Uid;
        _gid = node.Gid;
        _accessTime = _modifyTime = _changeTime = _birthTime = owner.Vfs.Now;
    }

    /// <summary>A copy for another file system.</summary>
    internal TmpfsInode(TmpfsFileSystem owner, TmpfsInode original)
        : base(owner, original.Number)
    {
        Owner = owner;
        using (original.Lock.Enter())
        {
            (_device, _mode, _uid, _gid) = (original._device, original._mode, original._uid, original._gid);
            (_accessTime, _modifyTime, _changeTime, _birthTime) = (original._accessTime, original._modifyTime, original._changeTime, original._birthTime);
            _xattrs = original._xattrs is { } all ? new Dictionary<string, byte[]>(all, StringComparer.Ordinal) : null;
            _xattrBytes = original._xattrBytes;
        }

        LinksLocked = original.LinksLocked;
    }

    internal TmpfsFileSystem Owner { get; }

    /// <summary>The same for another file system, without names of its own or in it. The Names lock of ours is held. ENOSPC when who pays there refuses.</summary>
    internal virtual Result<TmpfsInode> CopyLocked(TmpfsFileSystem owner) => new TmpfsInode(owner, this);

    /// <summary>Guards the attributes.</summary>
    internal KernelLock Lock { get; } = new(LockRank.Inode);

    /// <summary>st_nlink; guarded by the file system's Names lock.</summary>
    internal uint LinksLocked { get; set; } = 1;

    /// <inheritdoc/>
    public override uint Mode => Volatile.Read(ref _mode);

    /// <inheritdoc/>
    public override uint Uid => Volatile.Read(ref _uid);

    /// <inheritdoc/>
    public override uint Gid => Volatile.Read(ref _gid);

    /// <inheritdoc/>
    public override ulong RawDevice => _device;

    /// <summary>Size in bytes, for stat(2).</summary>
    internal virtual long Size => 0;

    /// <summary>Bytes in use, for stat(2).</summary>
    internal virtual long AllocatedBytes => 0;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes()
    {
        var size = Size;
        var allocated = AllocatedBytes;
        using (Lock.Enter())
        {
            return new InodeAttributes
            {
                Device = FileSystem.Device,
                Number = Number,
                Mode = _mode,
                Links = LinksLocked,
                Uid = _uid,
                Gid = _gid,
                RawDevice = _device,
                Size = size,
                BlockSize = 4096,
                Blocks = allocated / 512,
                AccessTime = _accessTime,
                ModifyTime = _modifyTime,
                ChangeTime = _changeTime,
                BirthTime = _birthTime,
            };
        }
    }

    /// <inheritdoc/>
    public override Errno SetAttributes(ICaller caller, in AttributeChange change)
    {
        var now = Owner.Vfs.Now;
        using (Lock.Enter())
        {
            if (change.Has(AttributeMask.Mode))
            {
                Volatile.Write(ref _mode, (_mode & StatMode.S_IFMT) | change.Mode);
            }

            if (change.Has(AttributeMask.Uid))
            {
                Volatile.Write(ref _uid, change.Uid);
            }

            if (change.Has(AttributeMask.Gid))
            {
                Volatile.Write(ref _gid, change.Gid);
            }

            if (change.Has(AttributeMask.AccessTime))
            {
                _accessTime = change.AccessTime;
            }

            if (change.Has(AttributeMask.ModifyTime))
            {
                _modifyTime = change.ModifyTime;
            }
            else if (change.Has(AttributeMask.Size))
            {
                _modifyTime = now;
            }

            _changeTime = now;
            return Errno.OK;
        }
    }

    /// <summary>The data or the entries changed.</summary>
    internal void Modified()
    {
        var now = Owner.Vfs.Now;
        using (Lock.Enter())
        {
            _modifyTime = _changeTime = now;
        }
    }

    /// <summary>The attributes or the link count changed.</summary>
    internal void Changed()
    {
        var now = Owner.Vfs.Now;
        using (Lock.Enter())
        {
            _changeTime = now;
        }
    }

    /// <summary>The data was read: the access time moves when it is not newer than the last change (mount(8), relatime).</summary>
    internal void Accessed()
    {
        if (Volatile.Read(ref _accessTime) > Volatile.Read(ref _modifyTime) && Volatile.Read(ref _accessTime) > Volatile.Read(ref _changeTime))
        {
            return;
        }

        var now = Owner.Vfs.Now;
        using (Lock.Enter())
        {
            _accessTime = now;
        }
    }

    /// <summary>The last name or the last open file may be gone: free what is left.</summary>
    internal virtual void FreeIfUnused()
    {
    }

    /// <inheritdoc/>
    protected override void OnUnused() => FreeIfUnused();

    /// <inheritdoc/>
    public override Result<byte[]> GetXattr(string name)
    {
        using (Lock.Enter())
        {
            return _xattrs is { } all && all.TryGetValue(name, out var value) ? value : Errno.ENODATA;
        }
    }

    /// <inheritdoc/>
    public override Errno SetXattr(string name, byte[] value, int flags)
    {
        var now = Owner.Vfs.Now;
        using (Lock.Enter())
        {
            var all = _xattrs ??= new Dictionary<string, byte[]>(StringComparer.Ordinal);
            var known = all.TryGetValue(name, out var old);
            if (known && (flags & Xattr.XATTR_CREATE) != 0)
            {
                return Errno.EEXIST;
            }

            if (!known && (flags & Xattr.XATTR_REPLACE) != 0)
            {
                return Errno.ENODATA;
            }

            var bytes = _xattrBytes + value.Length - (old?.Length ?? -name.Length);
            if (bytes > MaxXattrBytes)
            {
                return Errno.ENOSPC;
            }

            _xattrBytes = bytes;
            all[name] = value;
            _changeTime = now;
            return Errno.OK;
        }
    }

    /// <inheritdoc/>
    public override Errno RemoveXattr(string name)
    {
        var now = Owner.Vfs.Now;
        using (Lock.Enter())
        {
            if (_xattrs is null || !_xattrs.Remove(name, out var old))
            {
                return Errno.ENODATA;
            }

            _xattrBytes -= old.Length + name.Length;
            _changeTime = now;
            return Errno.OK;
        }
    }

    /// <inheritdoc/>
    public override Result<IReadOnlyList<string>> ListXattr()
    {
        using (Lock.Enter())
        {
            return _xattrs is { } all ? all.Keys.ToArray() : (string[])[];
        }
    }
}
