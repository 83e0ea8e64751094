using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Synthetic;
using Dragonet.Vfs;

namespace Dragonet.Fs.Procfs;

/// <summary>A directory that belongs to a process.</summary>
internal abstract class SubjectDirectory(ProcfsFileSystem owner, Subject subject, uint permissions, ulong number)
    : SyntheticDirectory(owner, permissions, number), ISubjectNode
{
    /// <summary>The file system.</summary>
    protected ProcfsFileSystem Procfs { get; } = owner;

    /// <summary>Whom it is about.</summary>
    protected internal Subject Subject { get; } = subject;

    /// <inheritdoc/>
    public bool IsCurrent => Subject.Exists;

    /// <inheritdoc/>
    public override uint Uid => Subject.Uid;

    /// <inheritdoc/>
    public override uint Gid => Subject.Gid;

    /// <inheritdoc/>
    protected override long Time => Owner.Vfs.Now;

    /// <summary>A decimal number without sign or leading zeros, as procfs names are; -1 for other names.</summary>
    internal static int ParseNumber(string name)
    {
        if (name.Length is 0 or > 9 || (name[0] == '0' && name.Length > 1))
        {
            return -1;
        }

        var value = 0;
        foreach (var c in name)
        {
            if (c is < '0' or > '9')
            {
                return -1;
            }

            value = (value * 10) + c - '0';
        }

        return value;
    }

    /// <summary>A name that is not there cannot be made either: the look-up itself fails on Linux.</summary>
    public override Result<Inode> Create(ICaller caller, string name, in NewNode node) => Errno.ENOENT;

    /// <inheritdoc/>
    public override Result<Inode> MakeDirectory(ICaller caller, string name, in NewNode node) => Errno.ENOENT;

    /// <inheritdoc/>
    public override Result<Inode> MakeSymbolicLink(ICaller caller, string name, string target, in NewNode node) => Errno.ENOENT;

    /// <inheritdoc/>
    public override Result<Inode> MakeNode(ICaller caller, string name, in NewNode node) => Errno.ENOENT;

    /// <inheritdoc/>
    public override Errno ReadDirectory(ICaller caller, DirectoryCursor cursor, IDirectorySink sink)
        => Subject.Exists ? base.ReadDirectory(caller, cursor, sink) : Errno.ENOENT;
}
