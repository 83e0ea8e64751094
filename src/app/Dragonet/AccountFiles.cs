using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>
/// The files with the passwords of accounts. The host's are secret, and without any of their own guests could not add users or let one
/// become another: so they get files with the accounts of their /etc/passwd and /etc/group, of which none has a password (shadow(5), gshadow(5)).
/// </summary>
internal sealed class AccountFiles(Kernel.Kernel kernel, KernelCaller caller)
{
    private const uint Secret = 0x1a0; // 0640
    private const uint Locked = 0x180; // 0600

    private WalkContext Context => new(caller, kernel.Mounts.Root, kernel.Mounts.Root);

    /// <summary>Puts them where the host's are that may not be read. Files that guests made before stay.</summary>
    internal void Make()
    {
        foreach (var path in (ReadOnlySpan<string>)["/etc/shadow", "/etc/shadow-"]) // with "-": the tools' copy of the time before
        {
            Replace(path, Secret, "/etc/passwd", static name => $"{name}:*:::::::\n");
        }

        foreach (var path in (ReadOnlySpan<string>)["/etc/gshadow", "/etc/gshadow-"])
        {
            Replace(path, Secret, "/etc/group", static name => $"{name}:*::\n");
        }

        Replace("/etc/.pwd.lock", Locked, null, static _ => "");
    }

    private void Replace(string path, uint mode, string? names, Func<string, string> line)
    {
        if (!kernel.Vfs.Lookup(Context, path, WalkFlags.None).Ok(out var place) || !VirtualFileSystem.GetAttributes(place).Ok(out var attributes)
            || Read(path).Error != Errno.EACCES)
        {
            return;
        }

        var text = new StringBuilder();
        if (names is not null && Read(names).Ok(out var accounts))
        {
            foreach (var account in accounts.Split('\n'))
            {
                var name = account.Split(':')[0];
                _ = text.Append(name.Length == 0 ? "" : line(name));
            }
        }

        var bytes = ByteString.ToBytes(text.ToString());
        var error = kernel.Vfs.Unlink(Context, path, directory: false);
        OpenFile? file = null;
        if (error == Errno.OK && kernel.Vfs.Open(Context, path, new OpenRequest(OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_EXCL, mode)).Ok(out file, out error))
        {
            _ = file.Write(caller, bytes).Ok(out _, out error);
            file.Release();
        }

        if (error == Errno.OK && kernel.Vfs.Lookup(Context, path, WalkFlags.None).Ok(out place, out error))
        {
            error = kernel.Vfs.ChangeOwner(caller, place, attributes.Uid, attributes.Gid);
        }

        if (error != Errno.OK)
        {
            throw new DragonetException($"{path} of the guest cannot be made: {error}");
        }
    }

    private Result<string> Read(string path) => GuestText.Read(kernel.Vfs, caller, Context, path);
}
