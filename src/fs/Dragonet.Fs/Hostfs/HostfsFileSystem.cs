using System.Collections.Concurrent;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Fs.Hostfs;

/// <summary>
/// A directory (or one file) of the host. Names and attributes are cached for as long as the options say; open files share descriptors, so
/// that opening a file again costs the host nothing. Never follows links on the host and never opens its devices, FIFOs or sockets.
/// </summary>
public sealed class HostfsFileSystem : FileSystem
{
    private const int PurgeStep = 4096;

    private readonly ConcurrentDictionary<(ulong Device, ulong Number), WeakReference<HostfsInode>> _inodes = new();
    private readonly ConcurrentDictionary<ulong, ulong> _devices = new();
    private readonly Func<long> _clock;
    private readonly HostfsInode _root;
    private int _purgeAt = PurgeStep;

    private HostfsFileSystem(VirtualFileSystem vfs, Func<long> clock, IHostDirectory directory, string name, in HostAttributes attributes, HostfsOptions options, (uint, uint) identity)
        : base(vfs, "hostfs")
    {
        _clock = clock;
        Settings = options;
        Identity = identity;
        IsReadOnly = options.ReadOnly;
        Handles = new HandlePool();
        _root = name.Length == 0
            ? new HostfsDirectory(this, attributes, null, "", directory)
            : Make(attributes, new HostfsDirectory(this, default, null, "", directory), name);
    }

    /// <inheritdoc/>
    public override Inode Root => _root;

    /// <inheritdoc/>
    public override bool NeedsRevalidation => Settings.CacheTime != long.MaxValue;

    internal HostfsOptions Settings { get; }

    /// <summary>Host user and group of this process.</summary>
    internal (uint Uid, uint Gid) Identity { get; }

    /// <summary>Which open descriptors are kept.</summary>
    internal HandlePool Handles { get; }

    /// <summary>Until when something learned now is believed.</summary>
    internal long ValidUntil => Settings.CacheTime switch { 0 => 0, long.MaxValue => long.MaxValue, var time => _clock() + time };

    /// <summary>True while what was learned is believed.</summary>
    internal bool IsFresh(long validUntil) => validUntil == long.MaxValue || (validUntil != 0 && _clock() < validUntil);

    /// <summary>Shows a host directory, or a single file.</summary>
    /// <param name="vfs">The kernel's VFS.</param>
    /// <param name="platform">The host.</param>
    /// <param name="path">Host path, human text.</param>
    /// <param name="options">How.</param>
    public static Result<HostfsFileSystem> Open(VirtualFileSystem vfs, IPlatform platform, string path, HostfsOptions options)
    {
        var name = "";
        if (!platform.OpenDirectory(path).Ok(out var directory, out var error))
        {
            var trimmed = path.TrimEnd('/');
            var slash = trimmed.LastIndexOf('/');
            name = ByteString.FromText(trimmed[(slash + 1)..]);
            if (error != Errno.ENOTDIR || !platform.OpenDirectory(slash < 0 ? "." : slash == 0 ? "/" : trimmed[..slash]).Ok(out directory, out error))
            {
                return error;
            }
        }

        error = directory.GetAttributes(name, out var attributes);
        return error == Errno.OK
            ? new HostfsFileSystem(vfs, () => platform.MonotonicNanoseconds, directory, name, attributes, options, options.MapOwner ? platform.HostIdentity : (0, 0))
            : error;
    }

    /// <summary>Over any directory of the platform contract.</summary>
    public static Result<HostfsFileSystem> Open(VirtualFileSystem vfs, Func<long> clock, IHostDirectory directory, HostfsOptions options, (uint Uid, uint Gid) identity = default)
    {
        var error = directory.GetAttributes("", out var attributes);
        return error == Errno.OK ? new HostfsFileSystem(vfs, clock, directory, "", attributes, options, identity) : error;
    }

    /// <inheritdoc/>
    public override void OnCached(Dentry dentry) => dentry.ValidUntil = ValidUntil;

    /// <inheritdoc/>
    public override bool Revalidate(ICaller caller, Dentry dentry)
    {
        if (IsFresh(dentry.ValidUntil) || dentry.Parent?.Inode is not HostfsDirectory parent)
        {
            return true;
        }

        if (!parent.Hold().Ok(out var handle, out _))
        {
            return false;
        }

        var error = handle.Directory.GetAttributes(dentry.Name, out var attributes);
        handle.Release();
        if (dentry.Inode is null)
        {
            if (error != Errno.ENOENT)
            {
                return false;
            }
        }
        else if (error != Errno.OK || dentry.Inode is not HostfsInode inode || !inode.Refresh(attributes, parent, dentry.Name))
        {
            return false;
        }

        dentry.ValidUntil = ValidUntil;
        return true;
    }

    /// <inheritdoc/>
    public override Result<FileSystemStatistics> GetStatistics()
    {
        if (!_root.HoldParent().Ok(out var handle, out var error))
        {
            return error;
        }

        var result = handle.Directory.GetStatistics();
        handle.Release();
        return result.Ok(out var s, out error)
            ? new FileSystemStatistics
            {
                Type = Magic.EXT4_SUPER_MAGIC,
                BlockSize = s.BlockSize,
                Blocks = s.Blocks,
                FreeBlocks = s.FreeBlocks,
                AvailableBlocks = s.AvailableBlocks,
                Files = s.Files,
                FreeFiles = s.FreeFiles,
                NameLength = s.NameLength,
            }
            : error;
    }

    /// <summary>The inode of a file that was just looked at: the known one, or a new one.</summary>
    internal HostfsInode Get(in HostAttributes attributes, HostfsDirectory parent, string name)
    {
        var key = (attributes.Device, attributes.Number);
        while (true)
        {
            if (_inodes.TryGetValue(key, out var known))
            {
                if (known.TryGetTarget(out var inode) && inode.Refresh(attributes, parent, name))
                {
                    return inode;
                }

                // Collected, or the host gave the number to another file.
                var made = Make(attributes, parent, name);
                if (_inodes.TryUpdate(key, new WeakReference<HostfsInode>(made), known))
                {
                    return made;
                }
            }
            else
            {
                var made = Make(attributes, parent, name);
                if (_inodes.TryAdd(key, new WeakReference<HostfsInode>(made)))
                {
                    PurgeSometimes();
                    return made;
                }
            }
        }
    }

    /// <summary>The guest's device number for a device of the host, so that inode numbers of two host file systems do not meet.</summary>
    internal ulong DeviceOf(ulong hostDevice)
        => hostDevice == _root.HostDevice ? Device : _devices.GetOrAdd(hostDevice, static (_, vfs) => vfs.AllocateDevice(), Vfs);

    private HostfsInode Make(in HostAttributes attributes, HostfsDirectory parent, string name) => (attributes.Mode & StatMode.S_IFMT) switch
    {
        StatMode.S_IFDIR => new HostfsDirectory(this, attributes, parent, name, null),
        StatMode.S_IFREG => new HostfsRegular(this, attributes, parent, name),
        _ => new HostfsInode(this, attributes, parent, name),
    };

    private void PurgeSometimes()
    {
        if (_inodes.Count < Volatile.Read(ref _purgeAt))
        {
            return;
        }

        foreach (var entry in _inodes)
        {
            if (!entry.Value.TryGetTarget(out _))
            {
                _ = _inodes.TryRemove(entry);
            }
        }

        Volatile.Write(ref _purgeAt, _inodes.Count * 2 + PurgeStep);
    }
}
