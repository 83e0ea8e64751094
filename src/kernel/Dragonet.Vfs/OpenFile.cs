using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;

namespace Dragonet.Vfs;

/// <summary>
/// An open file description (open(2)): what descriptors refer to. Descriptors, in-flight messages and mappings count as
/// references; <see cref="OnRelease"/> runs at the last close. Operations never sleep: what cannot proceed answers EAGAIN, and
/// the caller waits for <see cref="Poll"/>. Thread-safe.
/// </summary>
public abstract class OpenFile
{
    private int _references = 1;
    private int _flags;
    private FileWatcher[] _watchers = []; // replaced as a whole

    protected OpenFile(OpenFlags flags) => _flags = (int)(flags & ~(OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOCTTY | OpenFlags.O_TRUNC | OpenFlags.O_CLOEXEC));

    /// <summary>Access mode and status flags.</summary>
    public OpenFlags Flags => (OpenFlags)Volatile.Read(ref _flags);

    public bool CanRead => (Flags & (OpenFlags.O_ACCMODE | OpenFlags.O_PATH)) is OpenFlags.O_RDONLY or OpenFlags.O_RDWR;

    public bool CanWrite => (Flags & (OpenFlags.O_ACCMODE | OpenFlags.O_PATH)) is OpenFlags.O_WRONLY or OpenFlags.O_RDWR;

    public bool NonBlocking => (Flags & OpenFlags.O_NONBLOCK) != 0;

    /// <summary>Where the file was found; null for pipes, sockets and anonymous inodes.</summary>
    public virtual VfsPath? Path => null;

    /// <summary>The inode behind it; null for anonymous inodes.</summary>
    public virtual Inode? Inode => Path?.Dentry.Inode;

    /// <summary>What /proc/PID/fd shows when there is no path: "pipe:[7]", "socket:[8]", "anon_inode:[eventfd]".</summary>
    public virtual string Description => "anon_inode:[file]";

    /// <summary>True when the file has a position (lseek works).</summary>
    public virtual bool IsSeekable => false;

    /// <summary>F_SETFL: only O_APPEND, O_ASYNC, O_DIRECT, O_NOATIME and O_NONBLOCK change.</summary>
    public virtual Errno SetStatusFlags(OpenFlags flags)
    {
        const OpenFlags changeable = OpenFlags.O_APPEND | OpenFlags.O_ASYNC | OpenFlags.O_DIRECT | OpenFlags.O_NOATIME | OpenFlags.O_NONBLOCK;
        int old, changed;
        do
        {
            old = Volatile.Read(ref _flags);
            changed = (old & (int)~changeable) | (int)(flags & changeable);
        }
        while (Interlocked.CompareExchange(ref _flags, changed, old) != old);
        return Errno.OK;
    }

    /// <summary>Reads at the position (advancing it) or from the stream. EAGAIN when nothing is there yet.</summary>
    public virtual Result<int> Read(ICaller caller, Span<byte> destination) => Errno.EINVAL;

    /// <summary>Writes at the position (at the end with O_APPEND) or to the stream. EAGAIN when there is no room.</summary>
    public virtual Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) => Errno.EINVAL;

    /// <summary>True when writes are swallowed without a look at the data (/dev/null): a bad buffer is no error then.</summary>
    public virtual bool IgnoresWrites => false;

    /// <summary>How many of so many bytes a write to the stream would take now, or its error: EAGAIN when it would have to wait. All of them where
    /// only the write itself can tell. Asked before much is copied.</summary>
    public virtual Result<int> GetRoom(int count) => count;

    /// <summary>Writes a large piece without a copy of it, where that is possible.</summary>
    /// <param name="caller">Who writes.</param>
    /// <param name="block">An array of the process-wide pool; not the caller's any more when it is taken.</param>
    /// <param name="count">How much is in it.</param>
    /// <returns>False when <see cref="Write"/> is to be asked.</returns>
    public virtual bool TryGive(ICaller caller, byte[] block, int count) => false;

    /// <summary>Reads large pieces without a copy of them, where that is possible.</summary>
    /// <param name="caller">Who reads.</param>
    /// <param name="wanted">How many bytes.</param>
    /// <param name="blocks">Receives arrays of the process-wide pool, which are the caller's then.</param>
    /// <returns>How many bytes; 0 when <see cref="Read"/> is to be asked.</returns>
    public virtual int TakeBlocks(ICaller caller, int wanted, Span<ArraySegment<byte>> blocks) => 0;

    /// <summary>Writes at the end whatever the status flags say (pwritev2(2), RWF_APPEND). EOPNOTSUPP where there is no end.</summary>
    public virtual Result<int> Append(ICaller caller, ReadOnlySpan<byte> source) => Errno.EOPNOTSUPP;

    /// <summary>pread(2).</summary>
    public virtual Result<int> ReadAt(ICaller caller, Span<byte> destination, long offset) => Errno.ESPIPE;

    /// <summary>pwrite(2).</summary>
    public virtual Result<int> WriteAt(ICaller caller, ReadOnlySpan<byte> source, long offset) => Errno.ESPIPE;

    /// <summary>lseek(2).</summary>
    public virtual Result<long> Seek(ICaller caller, long offset, int whence) => Errno.ESPIPE;

    /// <summary>The next directory entries; null result list at the end. ENOTDIR for other files.</summary>
    public virtual Result<int> ReadDirectory(ICaller caller, IDirectorySink sink) => Errno.ENOTDIR;

    /// <summary>The file's state now. When <paramref name="wait"/> is not null, registers with the queues first.</summary>
    public virtual PollEvents Poll(PollWait? wait) => PollEvents.POLLIN | PollEvents.POLLOUT | PollEvents.POLLRDNORM | PollEvents.POLLWRNORM;

    /// <summary>How long a call may wait for the file to become ready for <paramref name="events"/> before it answers EAGAIN, in nanoseconds
    /// (SO_RCVTIMEO, SO_SNDTIMEO, VTIME); null for ever.</summary>
    public virtual long? GetWaitTimeout(PollEvents events) => null;

    /// <summary>ioctl(2). ENOTTY when the file does not know the request.</summary>
    public virtual SysResult Ioctl(ICaller caller, uint request, ulong argument) => Errno.ENOTTY;

    /// <summary>The memory to map. ENODEV when the file cannot be mapped.</summary>
    public virtual Result<MemoryObject> Map(ICaller caller, bool shared, bool write) => Errno.ENODEV;

    /// <summary>True when a mapping of it is anonymous memory (/dev/zero, null(4)): <see cref="Map"/> is not asked then.</summary>
    public virtual bool MapsAnonymous => false;

    /// <summary>fsync(2) and fdatasync(2). EINVAL where nothing can be synchronized.</summary>
    public virtual Errno Sync(bool dataOnly) => Errno.EINVAL;

    /// <summary>ftruncate(2). EINVAL for what has no length.</summary>
    public virtual Errno Truncate(ICaller caller, long length)
        => !CanWrite || Inode is not { IsRegular: true } inode ? Errno.EINVAL
            : inode.SetAttributes(caller, new AttributeChange { Mask = AttributeMask.Size, Size = length });

    /// <summary>fallocate(2). ENODEV for what has no blocks; EOPNOTSUPP for a mode that the file system does not know.</summary>
    public virtual Errno Allocate(ICaller caller, FallocFlags mode, long offset, long length) => Errno.ENODEV;

    /// <summary>Opens the same object anew through /proc/PID/fd/N. Files with a path are opened by it instead; ENXIO as for sockets.</summary>
    public virtual Result<OpenFile> Reopen(ICaller caller, OpenFlags flags) => Errno.ENXIO;

    /// <summary>F_SETOWN and F_SETOWN_EX: type (F_OWNER_TID 0, F_OWNER_PID 1, F_OWNER_PGRP 2) and id.</summary>
    public (int Type, int Id) Owner { get; set; } = (1, 0);

    /// <summary>Who set the owner: it must be allowed to signal (F_SETOWN, fcntl(2)).</summary>
    public Credentials? OwnerSetter { get; set; }

    /// <summary>True for files that signal their owner with O_ASYNC: pipes, sockets, terminals.</summary>
    public virtual bool SupportsAsync => false;

    /// <summary>F_SETSIG; 0 is SIGIO.</summary>
    public int OwnerSignal { get; set; }

    /// <summary>Attributes for fstat(2).</summary>
    public virtual Result<InodeAttributes> GetAttributes() => Inode is { } inode ? inode.GetAttributes() : Errno.EBADF;

    /// <summary>Extra lines of /proc/PID/fdinfo/N, each ending in a newline.</summary>
    public virtual string FdInfo => "";

    /// <summary>A descriptor of this file was closed by <paramref name="owner"/> (POSIX locks go at every close).</summary>
    public virtual void OnClose(object owner)
    {
    }

    /// <summary>Takes one more reference.</summary>
    public void AddReference() => _ = Interlocked.Increment(ref _references);

    /// <summary>Drops a reference; the last one releases the file.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            foreach (var watcher in Interlocked.Exchange(ref _watchers, []))
            {
                watcher.OnRelease(this);
            }

            OnRelease();
        }
    }

    /// <summary>How many references there are (a snapshot); 0 once it is released.</summary>
    public int References => Volatile.Read(ref _references);

    /// <summary>Asks to be told when the last reference goes.</summary>
    /// <returns>False when it is gone already; the watcher will not be told.</returns>
    public bool AddWatcher(FileWatcher watcher)
    {
        FileWatcher[] old;
        do
        {
            old = Volatile.Read(ref _watchers);
        }
        while (Interlocked.CompareExchange(ref _watchers, [.. old, watcher], old) != old);
        if (References > 0)
        {
            return true;
        }

        RemoveWatcher(watcher);
        return false;
    }

    /// <summary>Takes a watcher back.</summary>
    public void RemoveWatcher(FileWatcher watcher)
    {
        FileWatcher[] old;
        do
        {
            old = Volatile.Read(ref _watchers);
        }
        while (Interlocked.CompareExchange(ref _watchers, Array.FindAll(old, w => w != watcher), old) != old);
    }

    /// <summary>The last reference is gone.</summary>
    protected virtual void OnRelease()
    {
    }
}
