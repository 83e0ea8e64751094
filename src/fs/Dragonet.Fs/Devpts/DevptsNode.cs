using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Devpts;

/// <summary>/dev/pts/N or /dev/pts/ptmx: a device node whose attributes are the terminal's.</summary>
internal sealed class DevptsNode(DevptsFileSystem owner, ulong number, PtyEntry entry, ulong device) : Inode(owner, number)
{
    /// <summary>The terminal.</summary>
    public PtyEntry Entry => entry;

    /// <inheritdoc/>
    public override uint Mode => StatMode.S_IFCHR | entry.Permissions;

    /// <inheritdoc/>
    public override uint Uid => entry.Uid;

    /// <inheritdoc/>
    public override uint Gid => entry.Gid;

    /// <inheritdoc/>
    public override ulong RawDevice => device;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() => new InodeAttributes
    {
        Device = FileSystem.Device,
        Number = Number,
        Mode = Mode,
        Links = 1,
        Uid = Uid,
        Gid = Gid,
        RawDevice = device,
        BlockSize = 1024,
        AccessTime = entry.Used,
        ModifyTime = entry.Used,
        ChangeTime = entry.Created,
        BirthTime = entry.Created,
    };

    /// <inheritdoc/>
    public override Errno SetAttributes(ICaller caller, in AttributeChange change)
    {
        if (change.Has(AttributeMask.Mode))
        {
            entry.Permissions = change.Mode & 0xfff;
        }

        if (change.Has(AttributeMask.Uid))
        {
            entry.Uid = change.Uid;
        }

        if (change.Has(AttributeMask.Gid))
        {
            entry.Gid = change.Gid;
        }

        if (change.Has(AttributeMask.ModifyTime))
        {
            entry.Used = change.ModifyTime;
        }

        return Errno.OK;
    }
}
