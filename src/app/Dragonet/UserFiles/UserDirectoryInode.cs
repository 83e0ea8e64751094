using System.IO;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.UserFiles;

/// <summary>A directory. The VFS has checked rights, types and whether names are free.</summary>
internal sealed class UserDirectoryInode(UserFileSystem owner, ulong number, UserDirectory directory) : UserInode(owner, number, directory, StatMode.S_IFDIR)
{
    internal UserDirectory Directory => directory;

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name)
    {
        var text = ByteString.ToText(name);
        return Owner.Ask(() => directory.Find(text)).Ok(out var node, out var error) ? node is null ? Errno.ENOENT : Owner.Inode(node) : error;
    }

    /// <inheritdoc/>
    public override Result<Inode> Create(ICaller caller, string name, in NewNode node)
        => Made(name, node, (text, permissions) => directory.CreateFile(text, permissions));

    /// <inheritdoc/>
    public override Result<Inode> MakeDirectory(ICaller caller, string name, in NewNode node)
        => Made(name, node, (text, permissions) => directory.CreateDirectory(text, permissions));

    /// <inheritdoc/>
    public override Result<Inode> MakeSymbolicLink(ICaller caller, string name, string target, in NewNode node)
        => Made(name, node, (text, _) => directory.CreateLink(text, ByteString.ToText(target)));

    /// <inheritdoc/>
    public override Errno Unlink(ICaller caller, string name, Inode target) => Owner.Do(() => directory.Remove(ByteString.ToText(name)));

    /// <inheritdoc/>
    public override Errno RemoveDirectory(ICaller caller, string name, Inode target) => Owner.Do(() =>
    {
        if (((UserDirectoryInode)target).Directory.List().Any())
        {
            throw new UserFileException(Errno.ENOTEMPTY);
        }

        directory.Remove(ByteString.ToText(name));
    });

    /// <inheritdoc/>
    public override Errno Rename(ICaller caller, string name, Inode source, Inode newDirectory, string newName, Inode? replaced, RenameFlags flags)
    {
        // RENAME_NOREPLACE is the VFS's; exchanging and whiteouts have no counterpart.
        if ((flags & ~RenameFlags.RENAME_NOREPLACE) != 0 || newDirectory is not UserDirectoryInode target)
        {
            return Errno.EINVAL;
        }

        return Owner.Do(() =>
        {
            if (replaced is UserDirectoryInode old && old.Directory.List().Any())
            {
                throw new UserFileException(Errno.ENOTEMPTY);
            }

            directory.Rename(ByteString.ToText(name), target.Directory, ByteString.ToText(newName));
        });
    }

    /// <inheritdoc/>
    public override Errno ReadDirectory(ICaller caller, DirectoryCursor cursor, IDirectorySink sink)
    {
        // A snapshot for each reader, so that positions stay true.
        if (cursor.State is not List<(string Name, ulong Number, byte Type)> list)
        {
            var taken = Owner.Ask(() => directory.List().Select(entry => (Name: ByteString.FromText(entry.Key), Inode: Owner.Inode(entry.Value)))
                .Where(entry => entry.Name.Length is > 0 and <= 255 && !entry.Name.Contains('/', StringComparison.Ordinal))
                .Select(entry => (entry.Name, entry.Inode.Number, DirectoryType.FromMode(entry.Inode.Mode))).ToList());
            if (!taken.Ok(out list!, out var error))
            {
                return error;
            }

            cursor.State = list;
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

    private Result<Inode> Made(string name, NewNode node, Func<string, UnixFileMode, UserNode> make)
        => Owner.Ask(() => make(ByteString.ToText(name), (UnixFileMode)(node.Mode & StatMode.S_IALLUGO))).Ok(out var made, out var error) ? Owner.Inode(made) : error;
}
