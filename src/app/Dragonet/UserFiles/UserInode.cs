using System.IO;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.UserFiles;

/// <summary>What files, directories and links of a user's file system have in common.</summary>
internal abstract class UserInode(UserFileSystem owner, ulong number, UserNode node, uint type) : Inode(owner, number)
{
    private const long TicksToNanoseconds = 100;

    protected UserFileSystem Owner => owner;

    /// <summary>A node that cannot say has no permissions.</summary>
    public override uint Mode => type | (owner.Ask(() => node.Permissions).Ok(out var permissions) ? (uint)permissions & StatMode.S_IALLUGO : 0);

    /// <inheritdoc/>
    public override uint Uid => owner.Ask(() => node.UserId).Ok(out var id) ? (uint)id : 0;

    /// <inheritdoc/>
    public override uint Gid => owner.Ask(() => node.GroupId).Ok(out var id) ? (uint)id : 0;

    protected virtual long Size => 0;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() => owner.Ask(() =>
    {
        var time = node.ModifyTime is { } changed ? (changed - DateTimeOffset.UnixEpoch).Ticks * TicksToNanoseconds : owner.Created;
        return new InodeAttributes
        {
            Device = FileSystem.Device,
            Number = Number,
            Mode = type | ((uint)node.Permissions & StatMode.S_IALLUGO),
            Links = 1, // of a directory: how many are in it is not known
            Uid = (uint)node.UserId,
            Gid = (uint)node.GroupId,
            Size = Size,
            BlockSize = 4096,
            Blocks = (Size + 511) / 512,
            AccessTime = time,
            ModifyTime = time,
            ChangeTime = time,
            BirthTime = owner.Created,
        };
    });

    /// <inheritdoc/>
    public override Errno SetAttributes(ICaller caller, in AttributeChange change)
    {
        var wanted = change;
        return owner.Do(() =>
        {
            if (wanted.Has(AttributeMask.Size))
            {
                SetSize(wanted.Size);
            }

            if (wanted.Has(AttributeMask.Mode))
            {
                node.SetPermissions((UnixFileMode)wanted.Mode);
            }

            if (wanted.Has(AttributeMask.Uid) || wanted.Has(AttributeMask.Gid))
            {
                node.SetOwner(wanted.Has(AttributeMask.Uid) ? (int)wanted.Uid : node.UserId, wanted.Has(AttributeMask.Gid) ? (int)wanted.Gid : node.GroupId);
            }

            if (wanted.Has(AttributeMask.ModifyTime))
            {
                node.SetModifyTime(DateTimeOffset.UnixEpoch.AddTicks(wanted.ModifyTime / TicksToNanoseconds));
            }
        });
    }

    protected virtual void SetSize(long size) => throw new UserFileException(Errno.EINVAL);
}
