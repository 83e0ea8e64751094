using System.IO;

namespace Dragonet;

/// <summary>A symbolic link of a file system written in C#.</summary>
/// <param name="target">Where it leads.</param>
public sealed class UserLink(string target) : UserNode
{
    /// <summary>Where it leads.</summary>
    public string Target => target;

    /// <summary>A link's own permissions mean nothing (symlink(7)).</summary>
    public override UnixFileMode Permissions => (UnixFileMode)0x1ff; // 0777
}
