using System.IO;

namespace Dragonet;

/// <summary>
/// A directory written in C#; a file system is its root directory. Only <see cref="List"/> must be written. <see cref="UserNode"/> says how
/// its methods are called. Nothing is cached: what a directory answers now is what guests see now.
/// </summary>
public abstract class UserDirectory : UserNode
{
    /// <summary>Everybody may look into it, unless overridden.</summary>
    public override UnixFileMode Permissions => (UnixFileMode)0x16d; // 0555

    /// <summary>What is in it, without "." and "..".</summary>
    public abstract IEnumerable<KeyValuePair<string, UserNode>> List();

    /// <summary>Finds a name, null when there is none. Looks through <see cref="List"/> unless overridden.</summary>
    public virtual UserNode? Find(string name)
    {
        foreach (var (known, node) in List())
        {
            if (known == name)
            {
                return node;
            }
        }

        return null;
    }

    /// <summary>Makes a file; the name is free. EROFS unless overridden.</summary>
    public virtual UserFile CreateFile(string name, UnixFileMode permissions) => throw new UserFileException(Abi.Errno.EROFS);

    /// <summary>Makes a directory; the name is free. EROFS unless overridden.</summary>
    public virtual UserDirectory CreateDirectory(string name, UnixFileMode permissions) => throw new UserFileException(Abi.Errno.EROFS);

    /// <summary>Makes a symbolic link; the name is free. EROFS unless overridden.</summary>
    public virtual UserLink CreateLink(string name, string target) => throw new UserFileException(Abi.Errno.EROFS);

    /// <summary>Removes a name; of a directory only when that is empty. EROFS unless overridden.</summary>
    public virtual void Remove(string name) => throw new UserFileException(Abi.Errno.EROFS);

    /// <summary>Moves a name to a directory of the same file system, replacing what is there. EROFS unless overridden.</summary>
    public virtual void Rename(string name, UserDirectory newDirectory, string newName) => throw new UserFileException(Abi.Errno.EROFS);
}
