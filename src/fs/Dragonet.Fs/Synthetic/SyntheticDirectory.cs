using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Synthetic;

/// <summary>A directory that says what is in it when it is asked.</summary>
public abstract class SyntheticDirectory : SyntheticInode
{
    /// <inheritdoc/>
    protected SyntheticDirectory(SyntheticFileSystem owner, uint permissions = 0x16D, ulong number = 0)
        : base(owner, StatMode.S_IFDIR | permissions, number)
    {
    }

    /// <summary>The names in it, with inode numbers and DT_* types.</summary>
    protected abstract IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller);

    /// <inheritdoc/>
    public override Errno ReadDirectory(ICaller caller, DirectoryCursor cursor, IDirectorySink sink)
    {
        // A snapshot per rewind, so that positions stay true.
        if (cursor.State is not IReadOnlyList<(string Name, ulong Number, byte Type)> list)
        {
            cursor.State = list = List(caller);
        }

        for (var i = (int)Math.Min(cursor.Position, list.Count); i < list.Count; i++)
        {
            if (!sink.Add(list[i].Name, list[i].Number, i + 1, list[i].Type))
            {
                break;
            }

            cursor.Position = i + 1;
        }

        return Errno.OK;
    }
}
