using Dragonet.Base;

namespace Dragonet.Vfs;

/// <summary>A kind of file system that mount(2) can make (vfsops). Registered in <see cref="FileSystemRegistry"/>.</summary>
public abstract class FileSystemType
{
    /// <summary>The name of mount -t and /proc/filesystems.</summary>
    public abstract string Name { get; }

    /// <summary>True when it lives on a block device (no "nodev" in /proc/filesystems).</summary>
    public virtual bool NeedsDevice => false;

    /// <summary>True when who has all rights in a user namespace of his own, and none elsewhere, may mount it (user_namespaces(7)).</summary>
    public virtual bool IsForUserNamespaces => false;

    /// <summary>Makes or finds what is to be mounted. EINVAL for options that are not understood.</summary>
    public abstract Result<MountSource> Mount(MountRequest request);
}
