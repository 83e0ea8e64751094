using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>A file of an overlay: the upper file once there is one, else the lower one. Its number never changes.</summary>
internal sealed partial class OverlayInode : Inode
{
    // Numbers of files born in the upper layer are apart from those of lower files.
    private const ulong UpperNumbers = 1UL << 40;

    private readonly Inode[] _lowers;
    private readonly ulong _device;
    private readonly KernelLock _lock = new(LockRank.Overlay);
    private volatile Inode? _upper;
    private volatile OverlayOwner? _owner;
    private volatile OverlayPlace? _place;
    private OpenFile? _pin;
    private int _links; // of files born in a lower layer

    /// <param name="owner">The overlay.</param>
    /// <param name="upper">The upper file, or null.</param>
    /// <param name="lowers">Lower directories that are merged, or the one lower file; empty for an upper file alone.</param>
    /// <param name="lowerPath">Of a directory with lowers: its path from their roots.</param>
    /// <param name="place">Where it is; null for the root and for files without a name.</param>
    internal OverlayInode(OverlayFileSystem owner, Inode? upper, Inode[] lowers, string lowerPath, OverlayPlace? place)
        : base(owner, lowers.Length != 0 ? lowers[0].Number : upper!.Number + UpperNumbers)
    {
        Overlay = owner;
        _upper = upper;
        _lowers = lowers;
        _place = place;
        LowerPath = lowerPath;
        _device = owner.Device;
        if (lowers.Length != 0 && !lowers[0].IsDirectory && lowers[0].GetAttributes().Ok(out var attributes))
        {
            _links = (int)attributes.Links;
            _device = owner.DeviceOf(attributes.Device);
        }

        if (upper is not null)
        {
            _owner = owner.Marks.GetOwner(upper);
        }
    }

    internal OverlayFileSystem Overlay { get; }

    /// <summary>The upper file, once there is one.</summary>
    internal Inode? Upper => _upper;

    /// <summary>The file that is shown.</summary>
    internal Inode Real => _upper ?? _lowers[0];

    /// <summary>Of a directory: its path in the lower layers.</summary>
    internal string LowerPath { get; }

    internal OverlayPlace? Place
    {
        get => _place;
        set => _place = value;
    }

    /// <inheritdoc/>
    public override uint Mode => _owner is { } owner ? (Real.Mode & StatMode.S_IFMT) | owner.Permissions : Real.Mode;

    /// <inheritdoc/>
    public override uint Uid => _owner?.Uid ?? Real.Uid;

    /// <inheritdoc/>
    public override uint Gid => _owner?.Gid ?? Real.Gid;

    /// <inheritdoc/>
    public override ulong RawDevice => Real.RawDevice;

    /// <inheritdoc/>
    public override Errno CheckAccess(Credentials credentials, Access access)
        => _owner is null ? Real.CheckAccess(credentials, access) : base.CheckAccess(credentials, access);

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes()
    {
        if (!Real.GetAttributes().Ok(out var attributes, out var error))
        {
            return error;
        }

        attributes = attributes with { Device = _device, Number = Number, Links = Links(attributes) };
        return _owner is { } owner
            ? attributes with { Uid = owner.Uid, Gid = owner.Gid, Mode = (attributes.Mode & StatMode.S_IFMT) | owner.Permissions }
            : attributes;
    }

    /// <inheritdoc/>
    public override Errno SetAttributes(ICaller caller, in AttributeChange change)
    {
        var error = CopyUp(caller, withData: !(change.Has(AttributeMask.Size) && change.Size == 0));
        if (error != Errno.OK)
        {
            return error;
        }

        const AttributeMask ownership = AttributeMask.Mode | AttributeMask.Uid | AttributeMask.Gid;
        if (!Overlay.Marks.StoresOwners || (change.Mask & ownership) == 0)
        {
            return _upper!.SetAttributes(caller, change);
        }

        var owner = new OverlayOwner(
            change.Has(AttributeMask.Uid) ? change.Uid : Uid,
            change.Has(AttributeMask.Gid) ? change.Gid : Gid,
            change.Has(AttributeMask.Mode) ? change.Mode : Mode & StatMode.S_IALLUGO);
        error = StoreOwner(caller, _upper!, owner);
        var rest = change.Mask & ~ownership;
        return error == Errno.OK && rest != 0 ? _upper!.SetAttributes(caller, change with { Mask = rest }) : error;
    }

    /// <inheritdoc/>
    public override Result<string> ReadLink(ICaller caller) => Real.ReadLink(caller);

    /// <inheritdoc/>
    public override Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags)
    {
        if (IsDirectory)
        {
            return new DirectoryFile(this, path, flags);
        }

        if ((flags & OpenFlags.O_ACCMODE) != OpenFlags.O_RDONLY || (flags & OpenFlags.O_TRUNC) != 0)
        {
            var error = CopyUp(caller, withData: (flags & OpenFlags.O_TRUNC) == 0);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        return OpenReal(caller, flags, out var real).Ok(out var file, out var failed) ? new OverlayFile(this, path, flags, file, real) : failed;
    }

    /// <summary>Opens what is shown now.</summary>
    internal Result<OpenFile> OpenReal(ICaller caller, OpenFlags flags, out Inode real)
    {
        real = Real;
        return real.Open(caller, LayerPath(real), flags & ~(OpenFlags.O_TRUNC | OpenFlags.O_CREAT | OpenFlags.O_EXCL));
    }

    /// <inheritdoc/>
    public override Result<byte[]> GetXattr(string name) => Overlay.Marks.IsOwn(name) ? Errno.ENODATA : Real.GetXattr(name);

    /// <inheritdoc/>
    public override Errno SetXattr(string name, byte[] value, int flags)
        => Overlay.Marks.IsOwn(name) ? Errno.EPERM : CopyUp(OverlayCaller.Instance, withData: true) is not Errno.OK and var error ? error : _upper!.SetXattr(name, value, flags);

    /// <inheritdoc/>
    public override Errno RemoveXattr(string name)
    {
        if (Overlay.Marks.IsOwn(name))
        {
            return Errno.ENODATA;
        }

        if (_upper is null && !Real.GetXattr(name).Ok(out _, out var missing))
        {
            return missing;
        }

        return CopyUp(OverlayCaller.Instance, withData: true) is not Errno.OK and var error ? error : _upper!.RemoveXattr(name);
    }

    /// <inheritdoc/>
    public override Result<IReadOnlyList<string>> ListXattr()
        => Real.ListXattr().Ok(out var names, out var error) ? names.Where(n => !Overlay.Marks.IsOwn(n)).ToArray() : error;

    /// <summary>A place for opening a layer's inode.</summary>
    internal VfsPath LayerPath(Inode real) => new(Overlay.LayerMount, Dentry.CreateDetached(real, _place?.Name ?? ""));

    private uint Links(in InodeAttributes real)
    {
        if (!IsDirectory)
        {
            return _lowers.Length != 0 ? (uint)Math.Max(Volatile.Read(ref _links), 0) : real.Links;
        }

        // 1 says that the number of directories in it is not known.
        return (_upper is null ? 0 : 1) + _lowers.Length > 1 && real.Links != 0 ? 1 : real.Links;
    }
}
