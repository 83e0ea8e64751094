using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Synthetic;

/// <summary>A directory with a fixed set of files, filled while its file system is built.</summary>
public class StaticDirectory : SyntheticDirectory
{
    private readonly SortedDictionary<string, Inode> _entries = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public StaticDirectory(SyntheticFileSystem owner, uint permissions = 0x16D, ulong number = 0)
        : base(owner, permissions, number)
    {
    }

    /// <inheritdoc/>
    protected override uint Links => 2 + (uint)_entries.Values.Count(i => i.IsDirectory);

    /// <summary>Adds a file.</summary>
    public void Add(string name, Inode inode) => _entries.Add(name, inode);

    /// <summary>Adds a file with a text.</summary>
    public void Add(string name, Func<string> text) => Add(name, new TextFile(Owner, _ => text()));

    /// <summary>Adds a file with a text that depends on who reads it.</summary>
    public void Add(string name, Func<ICaller, string> text) => Add(name, new TextFile(Owner, text));

    /// <summary>Adds or finds a directory.</summary>
    public StaticDirectory Directory(string name)
    {
        if (_entries.TryGetValue(name, out var known))
        {
            return (StaticDirectory)known;
        }

        var made = new StaticDirectory(Owner);
        _entries.Add(name, made);
        return made;
    }

    /// <inheritdoc/>
    public override Result<Inode> Lookup(ICaller caller, string name) => _entries.TryGetValue(name, out var inode) ? inode : Errno.ENOENT;

    /// <inheritdoc/>
    protected override IReadOnlyList<(string Name, ulong Number, byte Type)> List(ICaller caller)
        => [.. _entries.Select(e => (e.Key, e.Value.Number, DirectoryType.FromMode(e.Value.Mode)))];
}
