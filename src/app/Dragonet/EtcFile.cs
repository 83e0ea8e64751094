using System.Text;
using Dragonet.Abi;
using Dragonet.Fs.Tmpfs;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>Shows guests a file of /etc that is their network's: a file in memory, mounted over what is there, which stays as it is. The jails of
/// one network share one, and cannot write it.</summary>
internal sealed class EtcFile
{
    private const uint Readable = 0x1a4; // 0644

    private readonly Kernel.Kernel _kernel;
    private readonly KernelCaller _caller;
    private readonly string _place;
    private readonly TmpfsFileSystem _files;
    private readonly WalkContext _inside;

    /// <param name="kernel">The kernel.</param>
    /// <param name="caller">The management side.</param>
    /// <param name="place">Its path in the guest.</param>
    /// <param name="text">What is in it at first.</param>
    internal EtcFile(Kernel.Kernel kernel, KernelCaller caller, string place, string text)
    {
        (_kernel, _caller, _place) = (kernel, caller, place);
        _files = new TmpfsFileSystem(kernel.Vfs, kernel.Platform, new TmpfsOptions { Size = 1 << 20, Mode = 0x1ed });
        var mount = kernel.Vfs.CreateInternalMount(_files);
        var inside = new VfsPath(mount, mount.Root);
        _inside = new WalkContext(caller, inside, inside);
        Write(text);
    }

    /// <summary>Changes what is in it. The new text goes over the old one and then the length is set, so that no reader finds it empty.</summary>
    internal void Write(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (!_kernel.Vfs.Open(_inside, "/file", new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT, Readable)).Ok(out var file, out var failure))
        {
            throw new DragonetException($"{_place} of the guest cannot be made: {failure}");
        }

        var written = file.Write(_caller, bytes).Ok(out _, out failure) && (failure = file.Truncate(_caller, bytes.Length)) == Errno.OK;
        file.Release();
        if (!written)
        {
            throw new DragonetException($"{_place} of the guest cannot be written: {failure}");
        }
    }

    /// <summary>Shows it in a tree of mounts.</summary>
    internal void Show(MountNamespace mounts)
    {
        var context = new WalkContext(_caller, mounts.Root, mounts.Root);
        if (!_kernel.Vfs.Lookup(context, _place, WalkFlags.Follow).Ok(out var target))
        {
            // Nothing there, or a link to something that only a running system has.
            _ = _kernel.Vfs.MakeDirectory(context, "/etc", 0x1ed);
            _ = _kernel.Vfs.Unlink(context, _place, directory: false);
            if (!_kernel.Vfs.Open(context, _place, new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT, Readable)).Ok(out var empty, out var error))
            {
                throw new DragonetException($"{_place} of the guest cannot be made: {error}");
            }

            empty.Release();
            if (!_kernel.Vfs.Lookup(context, _place, WalkFlags.Follow).Ok(out target, out error))
            {
                throw new DragonetException($"{_place} of the guest cannot be made: {error}");
            }
        }

        if (!_kernel.Vfs.Lookup(_inside, "/file", WalkFlags.Follow).Ok(out var made, out var failure)
            || !mounts.Attach(target, new MountSource(_files, made.Dentry), MountFlags.MS_RDONLY, _place[(_place.LastIndexOf('/') + 1)..]).Ok(out _, out failure))
        {
            throw new DragonetException($"{_place} of the guest cannot be shown: {failure}");
        }
    }
}
