using System.IO;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Hostfs;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>
/// The host directory that keeps the changes of guests (<see cref="KernelOptions.Upper"/>): a directory for each overlay, with "upper" and
/// "work" in it as mount(8) knows them, and a lock file that says that a kernel uses it.
/// </summary>
internal sealed class UpperDirectory : IDisposable
{
    private const string NotOurs = "this user cannot make or write it";

    private readonly FileStream _lock;
    private readonly HostfsFileSystem _files;
    private readonly ICaller _caller;

    private UpperDirectory(FileStream locked, HostfsFileSystem files, ICaller caller)
    {
        _lock = locked;
        _files = files;
        _caller = caller;
    }

    /// <summary>Takes the directory for a kernel.</summary>
    /// <exception cref="DragonetException">It cannot be made, is in use, or cannot keep what is needed.</exception>
    internal static UpperDirectory Open(Kernel.Kernel kernel, ICaller caller, string path)
    {
        Make(path);
        FileStream locked;
        try
        {
            locked = new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DragonetException($"{path} cannot keep the changes: {(failure is IOException ? "it is in use by another kernel" : NotOurs)}", failure);
        }

        try
        {
            // Nobody else changes it: what was read stays true.
            if (!HostfsFileSystem.Open(kernel.Vfs, kernel.Platform, path, new HostfsOptions { MapOwner = true, CacheTime = long.MaxValue }).Ok(out var files, out var error))
            {
                throw new DragonetException($"{path} cannot be opened: {error}");
            }

            const string probe = "user.overlay.probe";
            error = files.Root.SetXattr(probe, [1], 0);
            if (error != Errno.OK)
            {
                throw new DragonetException($"{path} cannot keep the changes: its file system has no extended attributes for users ({error}): choose a directory on ext4, xfs or btrfs");
            }

            _ = files.Root.RemoveXattr(probe);
            return new UpperDirectory(locked, files, caller);
        }
        catch
        {
            locked.Dispose();
            throw;
        }
    }

    /// <summary>Makes it, when it is missing.</summary>
    internal static void Make(string path)
    {
        try
        {
            _ = Directory.CreateDirectory(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DragonetException($"{path} cannot keep the changes: {NotOurs}", failure);
        }
    }

    /// <summary>The directory for the overlay of a guest path.</summary>
    internal Inode For(string guestPath)
    {
        var name = guestPath == "/" ? "root" : guestPath.TrimStart('/').Replace('/', '_');
        var made = _files.Root.Lookup(_caller, name) is { IsOk: true } found ? found
            : _files.Root.MakeDirectory(_caller, name, new NewNode(StatMode.S_IFDIR | 0x1c0, 0, 0));
        return made.Ok(out var directory, out var error) ? directory : throw new DragonetException($"{name} cannot be made in the directory for changes: {error}");
    }

    /// <summary>Another kernel may have it.</summary>
    public void Dispose() => _lock.Dispose();
}
