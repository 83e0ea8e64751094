using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Vfs;

namespace Dragonet.Fs.Devpts;

/// <summary>/dev/pts.</summary>
internal sealed class DevptsRoot(DevptsFileSystem owner, long created) : Inode(owner, 1)
{
    /// <inheritdoc/>
    public override uint Mode => StatMode.S_IFDIR | 0x1ed; // 0755

    /// <inheritdoc/>
    public override uint Uid => 0;

    /// <inheritdoc/>
    public override uint Gid => 0;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() => new InodeAttributes
    {
        Device = FileSystem.Device,
        Number = Number,
        Mode = Mode,
        Links = 2,
        BlockSize = 1024,
        AccessTime = created,
        ModifyTime = created,
        ChangeTime = created,
        BirthTime = created,
    };

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        if (name == "ptmx")
        {
            return owner.Ptmx;
        }

        return int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && (name.Length == 1 || name[0] != '0')
            && owner.Kernel.Ptys.Find(index) is { } entry && Jail.Of(caller, owner.Kernel).Sees(entry.Jail)
            ? owner.NodeOf(entry)
            : Errno.ENOENT;
    }

    /// <inheritdoc/>
    public override Errno ReadDirectory(ICaller caller, DirectoryCursor cursor, IDirectorySink sink)
    {
        const byte characterDevice = 2; // DT_CHR
        if (cursor.Position == 0)
        {
            if (!sink.Add("ptmx", owner.Ptmx.Number, 1, characterDevice))
            {
                return Errno.OK;
            }

            cursor.Position = 1;
        }

        var jail = Jail.Of(caller, owner.Kernel);
        foreach (var entry in owner.Kernel.Ptys.List())
        {
            if (!jail.Sees(entry.Jail) || entry.Index + 1 < cursor.Position)
            {
                continue;
            }

            if (!sink.Add(entry.Index.ToString(CultureInfo.InvariantCulture), (ulong)entry.Index + 3, entry.Index + 2, characterDevice))
            {
                break;
            }

            cursor.Position = entry.Index + 2;
        }

        return Errno.OK;
    }
}
