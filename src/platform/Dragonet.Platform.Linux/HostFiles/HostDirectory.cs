using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.HostFiles;

/// <summary>A directory of the host behind an O_PATH descriptor.</summary>
internal sealed unsafe partial class HostDirectory(HostFd fd) : IHostDirectory
{
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_REMOVEDIR = 0x200;
    private const int ListBuffer = 32 * 1024;

    /// <inheritdoc/>
    public Errno GetAttributes(string name, out HostAttributes attributes)
    {
        attributes = default;
        if (name.Length != 0 && !CPath.IsName(name))
        {
            return Errno.EINVAL;
        }

        if (!fd.TryHold())
        {
            return Errno.EBADF;
        }

        var error = InteropStatx.Get(fd.Number, name, out attributes);
        fd.DangerousRelease();
        return error;
    }

    /// <inheritdoc/>
    public Result<IHostDirectory> OpenDirectory(string name)
        => Open(name, OpenFlags.O_PATH | OpenFlags.O_DIRECTORY).Ok(out var opened, out var error)
            ? Result<IHostDirectory>.Of(new HostDirectory(opened))
            : error;

    /// <inheritdoc/>
    public Result<IHostFile> OpenFile(string name, HostOpenMode mode, uint permissions = 0)
    {
        var writes = (mode & HostOpenMode.Write) != 0;
        var flags = writes ? (mode & HostOpenMode.Read) != 0 ? OpenFlags.O_RDWR : OpenFlags.O_WRONLY : OpenFlags.O_RDONLY;
        flags |= ((mode & HostOpenMode.Append) != 0 ? OpenFlags.O_APPEND : 0) | ((mode & HostOpenMode.Sync) != 0 ? OpenFlags.O_SYNC : 0)
            | ((mode & HostOpenMode.CreateNew) != 0 ? OpenFlags.O_CREAT | OpenFlags.O_EXCL : 0);
        if (!Open(name, flags, permissions).Ok(out var opened, out var error))
        {
            return error;
        }

        // The caller saw a regular file; what it is now counts. Reading a device could have effects, opening one with O_NONBLOCK has none.
        if (InteropStatx.Get(opened.Number, "", out var attributes) == Errno.OK && (attributes.Mode & StatMode.S_IFMT) == StatMode.S_IFREG)
        {
            return Result<IHostFile>.Of(new HostFile(opened, writes));
        }

        opened.Dispose();
        return Errno.EINVAL;
    }

    /// <inheritdoc/>
    public Result<IReadOnlyList<HostEntry>> List()
    {
        if (!Open("", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY).Ok(out var opened, out var error))
        {
            return error;
        }

        var list = new List<HostEntry>();
        var buffer = ArrayPool<byte>.Shared.Rent(ListBuffer);
        long count;
        fixed (byte* pointer = buffer)
        {
            // SAFETY: the buffer is pinned and at least as long as the size says.
            while ((count = Host.Call(Nr.getdents64, opened.Number, (long)pointer, ListBuffer)) > 0)
            {
                Parse(buffer.AsSpan(0, (int)count), list);
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
        opened.Dispose();
        return count < 0 ? Host.ErrnoOf(count) : list;
    }

    /// <inheritdoc/>
    public Result<string> ReadLink(string name)
    {
        if (!CPath.IsName(name))
        {
            return Errno.EINVAL;
        }

        Span<byte> path = stackalloc byte[CPath.NameSize];
        CPath.Fill(name, path);
        var text = ArrayPool<byte>.Shared.Rent(4096);
        long count;
        fixed (byte* pointer = path)
        fixed (byte* target = text)
        {
            // SAFETY: both are pinned; the size is the buffer's.
            count = Call(Nr.readlinkat, (long)pointer, (long)target, 4096);
        }

        Result<string> result = count < 0 ? Host.ErrnoOf(count) : Encoding.Latin1.GetString(text, 0, (int)count);
        ArrayPool<byte>.Shared.Return(text);
        return result;
    }

    /// <inheritdoc/>
    public Errno MakeDirectory(string name, uint permissions) => Named(Nr.mkdirat, name, permissions);

    /// <inheritdoc/>
    public Errno MakeNode(string name, uint mode)
        => (mode & StatMode.S_IFMT) is StatMode.S_IFIFO or StatMode.S_IFSOCK ? Named(Nr.mknodat, name, mode) : Errno.EPERM;

    /// <inheritdoc/>
    public Errno MakeSymbolicLink(string name, string target)
    {
        if (!CPath.IsName(name))
        {
            return Errno.EINVAL;
        }

        var text = CPath.Make(target);
        var path = CPath.Make(name);
        if (!fd.TryHold())
        {
            return Errno.EBADF;
        }

        fixed (byte* from = text)
        fixed (byte* to = path)
        {
            // SAFETY: both are NUL-terminated and pinned.
            var result = Host.Call(Nr.symlinkat, (long)from, fd.Number, (long)to);
            fd.DangerousRelease();
            return Host.ErrnoOf(result);
        }
    }

    /// <inheritdoc/>
    public Errno Link(string name, IHostDirectory newDirectory, string newName) => Two(Nr.linkat, name, newDirectory, newName, 0);

    /// <inheritdoc/>
    public Errno Remove(string name, bool directory) => Named(Nr.unlinkat, name, directory ? AT_REMOVEDIR : 0);

    /// <inheritdoc/>
    public Errno Rename(string name, IHostDirectory newDirectory, string newName, RenameFlags flags) => Two(Nr.renameat2, name, newDirectory, newName, (long)flags);

    /// <inheritdoc/>
    public Errno SetOwner(string name, uint uid, uint gid)
        => NamedOrSelf(name, out var flags) is { } path ? Path(Nr.fchownat, path, uid, gid, flags) : Errno.EINVAL;

    /// <inheritdoc/>
    public Errno SetTimes(string name, long? access, long? modify)
    {
        if (NamedOrSelf(name, out var flags) is not { } path)
        {
            return Errno.EINVAL;
        }

        var times = stackalloc timespec[2];
        times[0] = access is { } a ? timespec.FromNanoseconds(a) : new timespec { tv_nsec = 0x3ffffffe }; // UTIME_OMIT
        times[1] = modify is { } m ? timespec.FromNanoseconds(m) : new timespec { tv_nsec = 0x3ffffffe };
        return Path(Nr.utimensat, path, (long)times, flags, 0);
    }

    /// <inheritdoc/>
    public Errno SetMode(string name, uint permissions)
    {
        const int ENOSYS = (int)Errno.ENOSYS;
        if (NamedOrSelf(name, out var flags) is not { } path)
        {
            return Errno.EINVAL;
        }

        // fchmodat2(2) is there since Linux 6.6; before it a descriptor makes sure that no link is followed.
        var error = Path(Nr.fchmodat2, path, permissions, flags, 0);
        if ((int)error != ENOSYS)
        {
            return error;
        }

        return WithProcPath(name, text => Raw(Nr.chmod, text, permissions));
    }

    /// <inheritdoc/>
    public Result<HostStatistics> GetStatistics()
    {
        statfs result;
        // SAFETY: the structure is as the kernel writes it.
        var error = Call(Nr.fstatfs, (long)(&result));
        return error < 0
            ? Host.ErrnoOf(error)
            : new HostStatistics(result.f_bsize, result.f_blocks, result.f_bfree, result.f_bavail, result.f_files, result.f_ffree, result.f_namelen);
    }

    /// <inheritdoc/>
    public Errno Sync()
    {
        if (!Open("", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY).Ok(out var opened, out var error))
        {
            return error;
        }

        var result = Host.Call(Nr.fsync, opened.Number);
        opened.Dispose();
        return Host.ErrnoOf(result);
    }

    /// <inheritdoc/>
    public void Dispose() => fd.Dispose();

    private static void Parse(ReadOnlySpan<byte> data, List<HostEntry> list)
    {
        while (data.Length >= 20)
        {
            var size = BinaryPrimitives.ReadUInt16LittleEndian(data[16..]);
            var name = data[19..size];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                list.Add(new HostEntry(Encoding.Latin1.GetString(name), BinaryPrimitives.ReadUInt64LittleEndian(data), data[18]));
            }

            data = data[size..];
        }
    }

    private Result<HostFd> Open(string name, OpenFlags flags, uint permissions = 0)
    {
        if (name.Length != 0 && !CPath.IsName(name))
        {
            return Errno.EINVAL;
        }

        if (!fd.TryHold())
        {
            return Errno.EBADF;
        }

        var result = InteropOpen.At(fd.Number, name, flags, permissions);
        fd.DangerousRelease();
        return result;
    }

    private long Call(Nr number, long a1 = 0, long a2 = 0, long a3 = 0)
    {
        if (!fd.TryHold())
        {
            return -(long)Errno.EBADF;
        }

        var result = Host.Call(number, fd.Number, a1, a2, a3);
        fd.DangerousRelease();
        return result;
    }

    private Errno Named(Nr number, string name, long argument)
    {
        if (!CPath.IsName(name))
        {
            return Errno.EINVAL;
        }

        Span<byte> path = stackalloc byte[CPath.NameSize];
        CPath.Fill(name, path);
        fixed (byte* pointer = path)
        {
            // SAFETY: the name is NUL-terminated.
            return Host.ErrnoOf(Call(number, (long)pointer, argument));
        }
    }

    private Errno Two(Nr number, string name, IHostDirectory newDirectory, string newName, long flags)
    {
        if (!CPath.IsName(name) || !CPath.IsName(newName) || newDirectory is not HostDirectory other)
        {
            return Errno.EINVAL;
        }

        var from = CPath.Make(name);
        var to = CPath.Make(newName);
        if (!other.Hold(out var target))
        {
            return Errno.EBADF;
        }

        fixed (byte* first = from)
        fixed (byte* second = to)
        {
            // SAFETY: both names are NUL-terminated and pinned; both descriptors are held.
            var result = fd.TryHold() ? Host.Call(number, fd.Number, (long)first, target, (long)second, flags) : -(long)Errno.EBADF;
            if (result != -(long)Errno.EBADF)
            {
                fd.DangerousRelease();
            }

            other.Release();
            return Host.ErrnoOf(result);
        }
    }

    private bool Hold(out int number)
    {
        number = fd.Number;
        return fd.TryHold();
    }

    private void Release() => fd.DangerousRelease();

    /// <summary>The path of a name for calls with AT_SYMLINK_NOFOLLOW; of the directory itself with AT_EMPTY_PATH as well.</summary>
    private static byte[]? NamedOrSelf(string name, out int flags)
    {
        flags = AT_SYMLINK_NOFOLLOW | (name.Length == 0 ? 0x1000 : 0);
        return name.Length == 0 ? [0] : CPath.IsName(name) ? CPath.Make(name) : null;
    }

    private Errno Path(Nr number, byte[] path, long a2, long a3, long a4)
    {
        if (!fd.TryHold())
        {
            return Errno.EBADF;
        }

        fixed (byte* pointer = path)
        {
            // SAFETY: the path is NUL-terminated; other pointers are the caller's.
            var result = Host.Call(number, fd.Number, (long)pointer, a2, a3, a4);
            fd.DangerousRelease();
            return Host.ErrnoOf(result);
        }
    }

    private static Errno Raw(Nr number, byte[] path, long a1)
    {
        fixed (byte* pointer = path)
        {
            // SAFETY: the path is NUL-terminated.
            return Host.ErrnoOf(Host.Call(number, (long)pointer, a1));
        }
    }
}
