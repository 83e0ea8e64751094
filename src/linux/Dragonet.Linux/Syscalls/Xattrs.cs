using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;
using Task = Dragonet.Kernel.Task;

namespace Dragonet.Linux.Syscalls;

/// <summary>Extended attributes (xattr(7)).</summary>
internal static class Xattrs
{
    [Syscall(Nr.setxattr)]
    public static SysResult setxattr(Task task, UserString path, UserString name, UserPtr value, ulong size, int flags)
        => task.Find(new Fd(-100), path, WalkFlags.Follow).Ok(out var place, out var error) ? Set(task, place, name, value, size, flags) : error;

    [Syscall(Nr.lsetxattr)]
    public static SysResult lsetxattr(Task task, UserString path, UserString name, UserPtr value, ulong size, int flags)
        => task.Find(new Fd(-100), path, WalkFlags.None).Ok(out var place, out var error) ? Set(task, place, name, value, size, flags) : error;

    [Syscall(Nr.fsetxattr)]
    public static SysResult fsetxattr(Task task, Fd fd, UserString name, UserPtr value, ulong size, int flags)
        => OfDescriptor(task, fd).Ok(out var place, out var error) ? Set(task, place, name, value, size, flags) : error;

    [Syscall(Nr.getxattr)]
    public static SysResult getxattr(Task task, UserString path, UserString name, UserPtr value, ulong size)
        => task.Find(new Fd(-100), path, WalkFlags.Follow).Ok(out var place, out var error) ? Get(task, place, name, value, size) : error;

    [Syscall(Nr.lgetxattr)]
    public static SysResult lgetxattr(Task task, UserString path, UserString name, UserPtr value, ulong size)
        => task.Find(new Fd(-100), path, WalkFlags.None).Ok(out var place, out var error) ? Get(task, place, name, value, size) : error;

    [Syscall(Nr.fgetxattr)]
    public static SysResult fgetxattr(Task task, Fd fd, UserString name, UserPtr value, ulong size)
        => OfDescriptor(task, fd).Ok(out var place, out var error) ? Get(task, place, name, value, size) : error;

    [Syscall(Nr.listxattr)]
    public static SysResult listxattr(Task task, UserString path, UserPtr list, ulong size)
        => task.Find(new Fd(-100), path, WalkFlags.Follow).Ok(out var place, out var error) ? List(task, place, list, size) : error;

    [Syscall(Nr.llistxattr)]
    public static SysResult llistxattr(Task task, UserString path, UserPtr list, ulong size)
        => task.Find(new Fd(-100), path, WalkFlags.None).Ok(out var place, out var error) ? List(task, place, list, size) : error;

    [Syscall(Nr.flistxattr)]
    public static SysResult flistxattr(Task task, Fd fd, UserPtr list, ulong size)
        => OfDescriptor(task, fd).Ok(out var place, out var error) ? List(task, place, list, size) : error;

    [Syscall(Nr.removexattr)]
    public static SysResult removexattr(Task task, UserString path, UserString name)
        => task.Find(new Fd(-100), path, WalkFlags.Follow).Ok(out var place, out var error) ? Remove(task, place, name) : error;

    [Syscall(Nr.lremovexattr)]
    public static SysResult lremovexattr(Task task, UserString path, UserString name)
        => task.Find(new Fd(-100), path, WalkFlags.None).Ok(out var place, out var error) ? Remove(task, place, name) : error;

    [Syscall(Nr.fremovexattr)]
    public static SysResult fremovexattr(Task task, Fd fd, UserString name)
        => OfDescriptor(task, fd).Ok(out var place, out var error) ? Remove(task, place, name) : error;

    private static Result<VfsPath> OfDescriptor(Task task, Fd fd)
        => !task.Files.Get(fd.Value).Ok(out var file, out var error) ? error : file.Path is { } place ? place : Errno.EOPNOTSUPP;

    private static Result<string> ReadName(Task task, UserString name)
    {
        var text = name.Read(task, Xattr.XATTR_NAME_MAX + 1, Errno.ERANGE);
        return text.IsOk && text.Value.Length == 0 ? Errno.ERANGE : text;
    }

    private static SysResult Set(Task task, VfsPath place, UserString name, UserPtr value, ulong size, int flags)
    {
        if ((flags & ~(Xattr.XATTR_CREATE | Xattr.XATTR_REPLACE)) != 0)
        {
            return Errno.EINVAL;
        }

        if (!ReadName(task, name).Ok(out var key, out var error))
        {
            return error;
        }

        if (size > Xattr.XATTR_SIZE_MAX)
        {
            return Errno.E2BIG;
        }

        var bytes = new byte[size];
        if (size != 0 && task.Memory.Read(value.Address, bytes) is not Errno.OK and var fault)
        {
            return fault;
        }

        error = VirtualFileSystem.CheckXattr(task, place, key, write: true);
        if (error == Errno.OK)
        {
            error = place.Inode.SetXattr(key, bytes, flags);
        }

        if (error == Errno.OK)
        {
            task.Kernel.Vfs.Notify.File(place.Dentry, InotifyMask.IN_ATTRIB);
        }

        return error;
    }

    private static SysResult Get(Task task, VfsPath place, UserString name, UserPtr value, ulong size)
    {
        if (!ReadName(task, name).Ok(out var key, out var error))
        {
            return error;
        }

        error = VirtualFileSystem.CheckXattr(task, place, key, write: false);
        if (error != Errno.OK)
        {
            return error;
        }

        if (!place.Inode.GetXattr(key).Ok(out var bytes, out error))
        {
            return error;
        }

        return Out(task, bytes, value, size);
    }

    private static SysResult List(Task task, VfsPath place, UserPtr list, ulong size)
    {
        if (!place.Inode.ListXattr().Ok(out var names, out var error))
        {
            return error == Errno.EOPNOTSUPP ? 0 : error;
        }

        var text = new StringBuilder();
        var privileged = task.Credentials.Has(Capability.CAP_SYS_ADMIN);
        foreach (var name in names)
        {
            if (privileged || !name.StartsWith("trusted.", StringComparison.Ordinal))
            {
                _ = text.Append(name).Append('\0');
            }
        }

        return Out(task, ByteString.ToBytes(text.ToString()), list, size);
    }

    private static SysResult Remove(Task task, VfsPath place, UserString name)
    {
        if (!ReadName(task, name).Ok(out var key, out var error))
        {
            return error;
        }

        error = VirtualFileSystem.CheckXattr(task, place, key, write: true);
        if (error == Errno.OK)
        {
            error = place.Inode.RemoveXattr(key);
        }

        if (error == Errno.OK)
        {
            task.Kernel.Vfs.Notify.File(place.Dentry, InotifyMask.IN_ATTRIB);
        }

        return error;
    }

    // Size 0 asks how much there is.
    private static SysResult Out(Task task, byte[] bytes, UserPtr buffer, ulong size)
    {
        if (size == 0)
        {
            return bytes.Length;
        }

        if ((ulong)bytes.Length > size)
        {
            return Errno.ERANGE;
        }

        var error = bytes.Length == 0 ? Errno.OK : task.Memory.Write(buffer.Address, bytes);
        return error == Errno.OK ? bytes.Length : error;
    }
}
