using System.Globalization;
using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>
/// The marks on upper files: whiteouts, opaque and renamed directories. As Linux makes them (a 0:0 character device, trusted.overlay.*)
/// where the upper file system can; else empty files and user.overlay.* attributes. Where it cannot change owners either (a host directory
/// of an ordinary user), owner and permissions are an attribute, too.
/// </summary>
internal sealed class OverlayMarks
{
    private const uint Probe = 65000;

    private readonly string _prefix = "trusted.overlay.";
    private readonly bool _deviceWhiteouts = true;

    /// <summary>Finds out what the file system of the work directory can do.</summary>
    internal OverlayMarks(Inode? work, ICaller caller)
    {
        if (work is null)
        {
            return;
        }

        const string name = "#probe";
        if (work.Lookup(caller, name).Ok(out var old))
        {
            _ = work.Unlink(caller, name, old);
        }

        _deviceWhiteouts = work.MakeNode(caller, name, new NewNode(StatMode.S_IFCHR, 0, 0)).Ok(out var probe);
        if (_deviceWhiteouts)
        {
            _ = work.Unlink(caller, name, probe!);
        }

        if (work.Create(caller, name, new NewNode(StatMode.S_IFREG | 0x180, 0, 0)).Ok(out probe))
        {
            _prefix = probe.SetXattr(_prefix + "probe", [1], 0) == Errno.OK ? _prefix : "user.overlay.";
            StoresOwners = probe.SetAttributes(caller, new AttributeChange { Mask = AttributeMask.Uid | AttributeMask.Gid, Uid = Probe, Gid = Probe }) != Errno.OK;
            _ = work.Unlink(caller, name, probe);
        }
    }

    /// <summary>True when owner and permissions are kept in an attribute.</summary>
    internal bool StoresOwners { get; }

    /// <summary>True for attributes that are the overlay's own.</summary>
    internal bool IsOwn(string xattr) => xattr.StartsWith(_prefix, StringComparison.Ordinal);

    /// <summary>True for the mark that hides a lower name.</summary>
    internal bool IsWhiteout(Inode inode)
        => inode.Type == StatMode.S_IFCHR ? inode.RawDevice == 0
            : !_deviceWhiteouts && inode.IsRegular && inode.GetAttributes() is { IsOk: true, Value.Size: 0 } && inode.GetXattr(_prefix + "whiteout").IsOk;

    /// <summary>Puts a whiteout.</summary>
    internal Result<Inode> MakeWhiteout(ICaller caller, Inode directory, string name)
    {
        if (_deviceWhiteouts)
        {
            return directory.MakeNode(caller, name, new NewNode(StatMode.S_IFCHR, 0, 0));
        }

        if (!directory.Create(caller, name, new NewNode(StatMode.S_IFREG | 0x180, 0, 0)).Ok(out var made, out var error))
        {
            return error;
        }

        error = made.SetXattr(_prefix + "whiteout", "y"u8.ToArray(), 0);
        return error == Errno.OK ? made : error;
    }

    /// <summary>True when a listing must look at regular files to find whiteouts.</summary>
    internal bool HasHiddenWhiteouts => !_deviceWhiteouts;

    internal bool IsOpaque(Inode directory) => directory.GetXattr(_prefix + "opaque") is { IsOk: true, Value: [(byte)'y', ..] };

    internal Errno SetOpaque(Inode directory) => directory.SetXattr(_prefix + "opaque", "y"u8.ToArray(), 0);

    /// <summary>The path of the lower directories that a renamed directory shows, or null.</summary>
    internal string? GetRedirect(Inode directory) => directory.GetXattr(_prefix + "redirect").Ok(out var value) ? ByteString.FromBytes(value) : null;

    internal Errno SetRedirect(Inode directory, string path) => directory.SetXattr(_prefix + "redirect", ByteString.ToBytes(path), 0);

    internal OverlayOwner? GetOwner(Inode inode)
    {
        if (!StoresOwners || !inode.GetXattr(_prefix + "owner").Ok(out var value))
        {
            return null;
        }

        var parts = Encoding.ASCII.GetString(value).Split(':');
        return parts.Length == 3
            && uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var uid)
            && uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var gid)
            && uint.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var mode)
            ? new OverlayOwner(uid, gid, mode)
            : null;
    }

    internal Errno SetOwner(Inode inode, OverlayOwner owner)
        => inode.SetXattr(_prefix + "owner", Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{owner.Uid}:{owner.Gid}:{owner.Permissions}")), 0);
}
