using System.Text;
using Dragonet.Abi;
using Dragonet.Fs.Tmpfs;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>Shows guests an /etc/resolv.conf of their own: a file in memory, mounted over what is there, which stays as it is.</summary>
internal sealed class ResolverFile(Kernel.Kernel kernel, KernelCaller caller, string text)
{
    private const string Place = "/etc/resolv.conf";
    private const uint Readable = 0x1a4; // 0644

    internal void Show(MountNamespace mounts)
    {
        var context = new WalkContext(caller, mounts.Root, mounts.Root);
        if (!kernel.Vfs.Lookup(context, Place, WalkFlags.Follow).Ok(out var target))
        {
            // Nothing there, or a link to something that only a running system has.
            _ = kernel.Vfs.MakeDirectory(context, "/etc", 0x1ed);
            _ = kernel.Vfs.Unlink(context, Place, directory: false);
            if (!kernel.Vfs.Open(context, Place, new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT, Readable)).Ok(out var empty, out var error))
            {
                throw new DragonetException($"{Place} of the guest cannot be made: {error}");
            }

            empty.Release();
            if (!kernel.Vfs.Lookup(context, Place, WalkFlags.Follow).Ok(out target, out error))
            {
                throw new DragonetException($"{Place} of the guest cannot be made: {error}");
            }
        }

        var files = new TmpfsFileSystem(kernel.Vfs, kernel.Platform, new TmpfsOptions { Size = 1 << 16, Mode = 0x1ed });
        var mount = kernel.Vfs.CreateInternalMount(files);
        var inside = new VfsPath(mount, mount.Root);
        var own = new WalkContext(caller, inside, inside);
        if (!kernel.Vfs.Open(own, "/resolv.conf", new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT, Readable)).Ok(out var file, out var failure)
            || !file.Write(caller, Encoding.UTF8.GetBytes(text)).Ok(out _, out failure))
        {
            throw new DragonetException($"{Place} of the guest cannot be written: {failure}");
        }

        file.Release();
        if (!kernel.Vfs.Lookup(own, "/resolv.conf", WalkFlags.Follow).Ok(out var made, out failure)
            || !mounts.Attach(target, new MountSource(files, made.Dentry), MountFlags.None, "resolv.conf").Ok(out _, out failure))
        {
            throw new DragonetException($"{Place} of the guest cannot be shown: {failure}");
        }
    }
}
