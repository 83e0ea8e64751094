using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>A table of file descriptors, shared by the tasks that were cloned with CLONE_FILES. Each descriptor is charged to the jail. Thread-safe.</summary>
/// <param name="jail">Whose tasks use it.</param>
public sealed class FdTable(Jail jail)
{
    private readonly KernelLock _lock = new(LockRank.FdTable);
    private OpenFile?[] _files = new OpenFile?[64]; // guarded by _lock
    private bool[] _closeOnExec = new bool[64];     // guarded by _lock
    private int _users = 1;                         // guarded by _lock
    private int _lowest;                            // guarded by _lock: no free descriptor below it
    private int _count;                             // guarded by _lock: descriptors in use

    /// <summary>How many descriptors are in use.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The file behind a descriptor, O_PATH files included. EBADF when there is none. The caller borrows it: no reference is taken.</summary>
    public Result<OpenFile> GetAny(int fd)
    {
        var files = Volatile.Read(ref _files);
        if ((uint)fd < (uint)files.Length && Volatile.Read(ref files[fd]) is { } file)
        {
            return file;
        }

        return Errno.EBADF;
    }

    /// <summary>The file behind a descriptor; EBADF for O_PATH files, too (open(2)).</summary>
    public Result<OpenFile> Get(int fd)
    {
        var result = GetAny(fd);
        return result.IsOk && (result.Value.Flags & OpenFlags.O_PATH) != 0 ? Errno.EBADF : result;
    }

    /// <summary>Installs a file at the lowest free descriptor not below <paramref name="minimum"/>. Takes over the caller's reference,
    /// also on failure (EMFILE: RLIMIT_NOFILE, or the jail has no more), when it releases it.</summary>
    public Result<int> Install(Task task, OpenFile file, bool closeOnExec, int minimum = 0)
    {
        if (!jail.Take(Resource.OpenFiles, 1, task))
        {
            file.Release();
            return Errno.EMFILE;
        }

        var limit = task.Process.Limits[Rlimits.Files].Soft;
        using (_lock.Enter())
        {
            var fd = minimum <= _lowest ? _lowest : minimum;
            while (fd < _files.Length && _files[fd] is not null)
            {
                fd++;
            }

            if ((ulong)fd < limit)
            {
                Grow(fd);
                Volatile.Write(ref _files[fd], file);
                _closeOnExec[fd] = closeOnExec;
                _count++;
                if (minimum <= _lowest)
                {
                    _lowest = fd + 1;
                }

                return fd;
            }
        }

        jail.Give(Resource.OpenFiles, 1);
        file.Release();
        return Errno.EMFILE;
    }

    /// <summary>Installs a file at this very descriptor (dup2), closing what was there. Takes over the reference, also on failure (EMFILE).</summary>
    /// <param name="task">Who asks; null for the management side, which the jail's limit does not stop.</param>
    public Errno InstallAt(Task? task, OpenFile file, int fd, bool closeOnExec)
    {
        if (task is null)
        {
            jail.Charge(Resource.OpenFiles, 1);
        }
        else if (!jail.Take(Resource.OpenFiles, 1, task))
        {
            file.Release();
            return Errno.EMFILE;
        }

        OpenFile? old;
        using (_lock.Enter())
        {
            Grow(fd);
            old = _files[fd];
            Volatile.Write(ref _files[fd], file);
            _closeOnExec[fd] = closeOnExec;
            _count += old is null ? 1 : 0;
        }

        if (old is not null)
        {
            jail.Give(Resource.OpenFiles, 1);
        }

        CloseFile(old);
        return Errno.OK;
    }

    /// <summary>Closes a descriptor.</summary>
    public Errno Close(int fd)
    {
        OpenFile? old;
        using (_lock.Enter())
        {
            if ((uint)fd >= (uint)_files.Length || _files[fd] is not { } file)
            {
                return Errno.EBADF;
            }

            old = file;
            Volatile.Write(ref _files[fd], null);
            _lowest = Math.Min(_lowest, fd);
            _count--;
        }

        jail.Give(Resource.OpenFiles, 1);
        CloseFile(old);
        return Errno.OK;
    }

    /// <summary>FD_CLOEXEC of a descriptor.</summary>
    public Result<bool> GetCloseOnExec(int fd)
    {
        using (_lock.Enter())
        {
            return (uint)fd < (uint)_files.Length && _files[fd] is not null ? _closeOnExec[fd] : Errno.EBADF;
        }
    }

    /// <summary>Sets FD_CLOEXEC.</summary>
    public Errno SetCloseOnExec(int fd, bool value)
    {
        using (_lock.Enter())
        {
            if ((uint)fd >= (uint)_files.Length || _files[fd] is null)
            {
                return Errno.EBADF;
            }

            _closeOnExec[fd] = value;
            return Errno.OK;
        }
    }

    /// <summary>The descriptors in use, ascending.</summary>
    public IReadOnlyList<int> List()
    {
        // Without the lock: directories are listed with a lock of higher rank held.
        var files = Volatile.Read(ref _files);
        var list = new List<int>();
        for (var fd = 0; fd < files.Length; fd++)
        {
            if (Volatile.Read(ref files[fd]) is not null)
            {
                list.Add(fd);
            }
        }

        return list;
    }

    /// <summary>A copy with its own descriptors for the same files (fork).</summary>
    public FdTable Copy()
    {
        var copy = new FdTable(jail);
        using (_lock.Enter())
        {
            copy._files = (OpenFile?[])_files.Clone();
            copy._closeOnExec = (bool[])_closeOnExec.Clone();
            copy._lowest = _lowest;
            copy._count = _count;
            jail.Charge(Resource.OpenFiles, _count);
            foreach (var file in copy._files)
            {
                file?.AddReference();
            }
        }

        return copy;
    }

    /// <summary>One more task uses this table (CLONE_FILES).</summary>
    public FdTable Share()
    {
        using (_lock.Enter())
        {
            _users++;
            return this;
        }
    }

    /// <summary>True when more than one task uses it.</summary>
    public bool IsShared
    {
        get
        {
            using (_lock.Enter())
            {
                return _users > 1;
            }
        }
    }

    /// <summary>A task stops using the table; the last one closes every descriptor.</summary>
    public void Leave()
    {
        OpenFile?[] files;
        using (_lock.Enter())
        {
            if (--_users > 0)
            {
                return;
            }

            files = _files;
            _files = [];
            _closeOnExec = [];
            jail.Give(Resource.OpenFiles, _count);
            _count = 0;
        }

        foreach (var file in files)
        {
            CloseFile(file);
        }
    }

    /// <summary>Closes what has FD_CLOEXEC (execve).</summary>
    public void CloseForExec()
    {
        for (var fd = 0; fd < Volatile.Read(ref _files).Length; fd++)
        {
            var close = false;
            using (_lock.Enter())
            {
                close = fd < _files.Length && _files[fd] is not null && _closeOnExec[fd];
            }

            if (close)
            {
                _ = Close(fd);
            }
        }
    }

    private void CloseFile(OpenFile? file)
    {
        if (file is not null)
        {
            file.OnClose(this);
            file.Release();
        }
    }

    private void Grow(int fd)
    {
        if (fd < _files.Length)
        {
            return;
        }

        var size = Math.Max(fd + 1, _files.Length * 2);
        Array.Resize(ref _closeOnExec, size);
        var files = _files;
        Array.Resize(ref files, size);
        Volatile.Write(ref _files, files);
    }
}
