using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Hostfs;

/// <summary>A file of the host. Links and special files are nothing more; FIFOs and sockets work between guests, through the attachment.</summary>
internal class HostfsInode : Inode
{
    private readonly Lock _lock = new();
    private readonly ulong _birth;
    private volatile HostfsPlace? _place;
    private HostAttributes _attributes; // guarded by _lock
    private uint _mode;                 // written under _lock
    private uint _uid;                  // written under _lock
    private uint _gid;                  // written under _lock
    private long _validUntil;           // 0 when the attributes must be fetched anew

    internal HostfsInode(HostfsFileSystem owner, in HostAttributes attributes, HostfsDirectory? parent, string name)
        : base(owner, attributes.Number)
    {
        Owner = owner;
        HostDevice = attributes.Device;
        _birth = (ulong)attributes.BirthTime;
        _place = parent is null ? null : new HostfsPlace(parent, name);
        Store(attributes, owner.ValidUntil);
    }

    internal HostfsFileSystem Owner { get; }

    internal ulong HostDevice { get; }

    /// <summary>Where it was last seen; null for the root.</summary>
    internal HostfsPlace? Place => _place;

    /// <inheritdoc/>
    public override uint Mode => Volatile.Read(ref _mode);

    /// <inheritdoc/>
    public override uint Uid => Volatile.Read(ref _uid);

    /// <inheritdoc/>
    public override uint Gid => Volatile.Read(ref _gid);

    /// <inheritdoc/>
    public override ulong RawDevice
    {
        get
        {
            lock (_lock)
            {
                return _attributes.RawDevice;
            }
        }
    }

    /// <summary>It was seen under a name: takes the attributes over.</summary>
    /// <returns>False when it is another file.</returns>
    internal bool Refresh(in HostAttributes attributes, HostfsDirectory parent, string name)
    {
        if (attributes.Number != Number || attributes.Device != HostDevice || (attributes.Mode & StatMode.S_IFMT) != Type || (ulong)attributes.BirthTime != _birth)
        {
            return false;
        }

        Store(attributes, Owner.ValidUntil);
        Moved(parent, name);
        return true;
    }

    /// <summary>It is now known under another name.</summary>
    internal void Moved(HostfsDirectory parent, string name)
    {
        if (_place is { } place && (!ReferenceEquals(place.Parent, parent) || place.Name != name))
        {
            _place = new HostfsPlace(parent, name);
        }
    }

    /// <summary>What is known of the attributes is no longer true.</summary>
    internal void Invalidate() => Volatile.Write(ref _validUntil, 0);

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes()
    {
        var error = Update();
        if (error != Errno.OK)
        {
            return error;
        }

        lock (_lock)
        {
            return new InodeAttributes
            {
                Device = Owner.DeviceOf(HostDevice),
                Number = Number,
                Mode = _mode,
                Links = _attributes.Links,
                Uid = _uid,
                Gid = _gid,
                RawDevice = _attributes.RawDevice,
                Size = _attributes.Size,
                BlockSize = _attributes.BlockSize,
                Blocks = _attributes.Blocks,
                AccessTime = _attributes.AccessTime,
                ModifyTime = _attributes.ModifyTime,
                ChangeTime = _attributes.ChangeTime,
                BirthTime = _attributes.BirthTime,
            };
        }
    }

    /// <summary>True for what not everybody on the host may read, where only that is shown. It holds against every reader, an overlay that
    /// copies the file up for a guest's chmod(2) included.</summary>
    internal bool IsSecret => Owner.Settings.WorldReadableOnly && !IsSymbolicLink && (IsDirectory ? (Mode & 5) != 5 : (Mode & 4) == 0);

    /// <inheritdoc/>
    public override Errno CheckAccess(Credentials credentials, Access access) => IsSecret ? Errno.EACCES : base.CheckAccess(credentials, access);

    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller)
    {
        if (!HoldParent().Ok(out var handle, out var error))
        {
            return error;
        }

        var result = handle.Directory.ReadLink(Name);
        handle.Release();
        return result;
    }

    /// <inheritdoc/>
    public override Errno SetAttributes(ICaller caller, in AttributeChange change)
    {
        if (Owner.IsReadOnly)
        {
            return Errno.EROFS;
        }

        if (!HoldParent().Ok(out var handle, out var error))
        {
            return error;
        }

        var directory = handle.Directory;
        error = Errno.OK;
        if (change.Has(AttributeMask.Size))
        {
            error = SetLength(change.Size);
        }

        if (error == Errno.OK && (change.Mask & (AttributeMask.Uid | AttributeMask.Gid)) != 0)
        {
            error = directory.SetOwner(Name, change.Has(AttributeMask.Uid) ? HostUid(change.Uid) : uint.MaxValue, change.Has(AttributeMask.Gid) ? HostGid(change.Gid) : uint.MaxValue);
        }

        if (error == Errno.OK && change.Has(AttributeMask.Mode))
        {
            error = directory.SetMode(Name, change.Mode);
        }

        if (error == Errno.OK && (change.Mask & (AttributeMask.AccessTime | AttributeMask.ModifyTime)) != 0)
        {
            error = directory.SetTimes(Name, change.Has(AttributeMask.AccessTime) ? change.AccessTime : null, change.Has(AttributeMask.ModifyTime) ? change.ModifyTime : null);
        }

        handle.Release();
        Invalidate();
        _ = Update();
        return error;
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetXattr(string name)
        => !IsUser(name) ? Errno.ENODATA : With(name, static (directory, self, name) => directory.GetXattr(self, name));

    /// <inheritdoc/>
    public override Errno SetXattr(string name, byte[] value, int flags)
    {
        if (!IsUser(name))
        {
            return Errno.EOPNOTSUPP;
        }

        Invalidate();
        return With<bool>(name, (directory, self, name) => directory.SetXattr(self, name, value, flags) is not Errno.OK and var error ? error : true).Error;
    }

    /// <inheritdoc/>
    public override Errno RemoveXattr(string name)
    {
        Invalidate();
        return !IsUser(name) ? Errno.ENODATA : With<bool>(name, static (directory, self, name) => directory.RemoveXattr(self, name) is not Errno.OK and var error ? error : true).Error;
    }

    /// <inheritdoc/>
    public override Result<IReadOnlyList<string>> ListXattr()
    {
        var result = With("", static (directory, self, _) => directory.ListXattr(self));
        return result.Ok(out var all, out var error) ? all.Where(IsUser).ToArray() : error;
    }

    /// <summary>The directory that its operations go through, with <see cref="Name"/>; to be released.</summary>
    internal Result<SharedHandle> HoldParent() => _place is { } place ? place.Parent.Hold() : ((HostfsDirectory)this).Hold();

    /// <summary>Its name in that directory; empty for the root.</summary>
    internal string Name => _place?.Name ?? "";

    /// <summary>truncate(2) on the host.</summary>
    protected virtual Errno SetLength(long length) => Errno.EINVAL;

    /// <summary>Attributes from an open descriptor, if there is one; the name may be gone.</summary>
    protected virtual bool TryGetFromHandle(out HostAttributes attributes)
    {
        attributes = default;
        return false;
    }

    /// <summary>Fetches the attributes when they are not fresh.</summary>
    protected Errno Update()
    {
        if (Owner.IsFresh(Volatile.Read(ref _validUntil)))
        {
            return Errno.OK;
        }

        if (!TryGetFromHandle(out var attributes))
        {
            if (!HoldParent().Ok(out var handle, out var error))
            {
                return error;
            }

            error = handle.Directory.GetAttributes(Name, out attributes);
            handle.Release();
            if (error != Errno.OK || attributes.Number != Number)
            {
                // The name is gone but the guest still has the file: what was known stays, without links.
                return Unlinked(error);
            }
        }

        Store(attributes, Owner.ValidUntil);
        return Errno.OK;
    }

    private Errno Unlinked(Errno error)
    {
        if (error is not (Errno.OK or Errno.ENOENT))
        {
            return error;
        }

        lock (_lock)
        {
            _attributes = _attributes with { Links = 0 };
        }

        return Errno.OK;
    }

    private static bool IsUser(string name) => name.StartsWith("user.", StringComparison.Ordinal) && name != HostfsOptions.OwnerAttribute;

    private Result<T> With<T>(string name, Func<IHostDirectory, string, string, Result<T>> action)
    {
        if (!HoldParent().Ok(out var handle, out var error))
        {
            return error;
        }

        var result = action(handle.Directory, Name, name);
        handle.Release();
        return result;
    }

    private void Store(in HostAttributes attributes, long validUntil)
    {
        var (uid, gid, mode) = StoredOwner(attributes) ?? (GuestUid(attributes.Uid), GuestGid(attributes.Gid), attributes.Mode);
        lock (_lock)
        {
            _attributes = attributes;
            Volatile.Write(ref _mode, mode);
            Volatile.Write(ref _uid, uid);
            Volatile.Write(ref _gid, gid);
            Volatile.Write(ref _validUntil, validUntil);
        }
    }

    private (uint Uid, uint Gid, uint Mode)? StoredOwner(in HostAttributes attributes)
    {
        if (!Owner.Settings.StoredOwners || _place is null || (attributes.Mode & StatMode.S_IFMT) is not (StatMode.S_IFREG or StatMode.S_IFDIR)
            || !With(HostfsOptions.OwnerAttribute, static (directory, self, name) => directory.GetXattr(self, name)).Ok(out var value, out _))
        {
            return null;
        }

        var parts = System.Text.Encoding.ASCII.GetString(value).Split(':');
        return parts.Length == 3 && uint.TryParse(parts[0], out var uid) && uint.TryParse(parts[1], out var gid) && uint.TryParse(parts[2], out var permissions)
            ? (uid, gid, (attributes.Mode & StatMode.S_IFMT) | (permissions & StatMode.S_IALLUGO))
            : null;
    }

    private uint GuestUid(uint uid) => Owner.Settings.MapOwner && uid == Owner.Identity.Uid ? 0 : uid;

    private uint GuestGid(uint gid) => Owner.Settings.MapOwner && gid == Owner.Identity.Gid ? 0 : gid;

    protected uint HostUid(uint uid) => Owner.Settings.MapOwner && uid == 0 ? Owner.Identity.Uid : uid;

    protected uint HostGid(uint gid) => Owner.Settings.MapOwner && gid == 0 ? Owner.Identity.Gid : gid;
}
