using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.UserFiles;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>File systems written in C#.</summary>
public sealed partial class DragonetKernel
{
    /// <summary>Shows guests a tree that is written in C#. At any time, also while programs run; it stays until the kernel is disposed.</summary>
    /// <param name="guestPath">Where, an absolute path in the guest; directories that are missing are made.</param>
    /// <param name="root">The root directory.</param>
    /// <param name="readOnly">Guests may not change anything in it, whatever it would allow.</param>
    /// <exception cref="DragonetException">Nothing can be mounted there.</exception>
    public void Mount(string guestPath, UserDirectory root, bool readOnly = false)
    {
        ArgumentNullException.ThrowIfNull(root);
        if (!guestPath.StartsWith('/'))
        {
            throw new DragonetException($"{guestPath} of the guest: nothing can be mounted there: write an absolute path");
        }

        var context = new WalkContext(_caller, _kernel.Mounts.Root, _kernel.Mounts.Root);
        var path = "";
        foreach (var part in ByteString.FromText(guestPath).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            path += "/" + part;
            var error = _kernel.Vfs.MakeDirectory(context, path, 0x1ed);
            if (error is not (Errno.OK or Errno.EEXIST))
            {
                throw new DragonetException($"{guestPath} of the guest cannot be made: {error}");
            }
        }

        var flags = MountFlags.MS_NOSUID | MountFlags.MS_NODEV | (readOnly ? MountFlags.MS_RDONLY : MountFlags.None);
        var shown = new MountSource(new UserFileSystem(_kernel, root, guestPath));
        if (!_kernel.Vfs.Lookup(context, path.Length == 0 ? "/" : path, WalkFlags.Follow).Ok(out var place, out var failed)
            || !_kernel.Mounts.Attach(place, shown, flags, "userfs").Ok(out _, out failed))
        {
            throw new DragonetException($"{guestPath} of the guest: nothing can be mounted there: {failed}");
        }
    }
}
