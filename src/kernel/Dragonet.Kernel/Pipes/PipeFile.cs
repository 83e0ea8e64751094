using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>One end of a pipe, or both (a FIFO opened with O_RDWR).</summary>
public sealed class PipeFile : OpenFile
{
    private readonly ulong _number;
    private readonly VfsPath? _path;
    private readonly long _writersSeen;
    private readonly long _created;

    /// <summary>Opens an end that was counted by <see cref="Dragonet.Kernel.Pipe.Attach"/>; the file detaches it at its release.</summary>
    /// <param name="pipe">The pipe.</param>
    /// <param name="flags">Access mode and status flags.</param>
    /// <param name="number">The inode number of an unnamed pipe.</param>
    /// <param name="path">Where a FIFO was found.</param>
    /// <param name="created">Realtime nanoseconds, for fstat(2) of an unnamed pipe.</param>
    public PipeFile(Pipe pipe, OpenFlags flags, ulong number, VfsPath? path = null, long created = 0)
        : base(flags)
    {
        Pipe = pipe;
        _number = number;
        _path = path;
        _created = created;
        _writersSeen = path is not null && CanRead && NonBlocking && !pipe.HasWriters ? pipe.WriterArrivals : -1;
    }

    /// <summary>The buffer; F_SETPIPE_SZ and F_GETPIPE_SZ go there.</summary>
    public Pipe Pipe { get; }

    /// <inheritdoc/>
    public override VfsPath? Path => _path;

    /// <inheritdoc/>
    public override string Description => $"pipe:[{_number}]";

    /// <summary>A connected pair of ends (pipe(2)).</summary>
    public static (PipeFile Read, PipeFile Write) CreatePair(OpenFlags status, ulong number, long created, MemoryAccount account)
    {
        var pipe = new Pipe(account);
        pipe.Attach(read: true, write: true);
        return (new PipeFile(pipe, OpenFlags.O_RDONLY | (status & ~OpenFlags.O_DIRECT), number, null, created),
            new PipeFile(pipe, OpenFlags.O_WRONLY | status, number, null, created));
    }

    /// <inheritdoc/>
    public override bool SupportsAsync => true;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination) => CanRead ? Pipe.Read(destination) : Errno.EBADF;

    /// <inheritdoc/>
    public override Result<int> GetRoom(int count)
        => !CanWrite ? Errno.EBADF : !Pipe.HasReaders ? Errno.EPIPE : Pipe.Free is > 0 and var free ? Math.Min(free, count) : Errno.EAGAIN;

    /// <inheritdoc/>
    public override Result<int> Write(ICaller caller, ReadOnlySpan<byte> source) =>
        CanWrite ? Pipe.Write(source, (Flags & OpenFlags.O_DIRECT) != 0) : Errno.EBADF;

    /// <inheritdoc/>
    public override PollEvents Poll(PollWait? wait)
    {
        if (CanRead)
        {
            wait?.Add(Pipe.Readable);
        }

        if (CanWrite)
        {
            wait?.Add(Pipe.Writable);
        }

        return Pipe.GetEvents(CanRead, CanWrite, _writersSeen);
    }

    /// <inheritdoc/>
    public override Result<OpenFile> Reopen(ICaller caller, OpenFlags flags)
    {
        var mode = flags & OpenFlags.O_ACCMODE;
        Pipe.Attach(mode is OpenFlags.O_RDONLY or OpenFlags.O_RDWR, mode is OpenFlags.O_WRONLY or OpenFlags.O_RDWR);
        return new PipeFile(Pipe, flags, _number, _path, _created);
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument) =>
        request == Ioctls.FIONREAD ? caller.Memory.Write(argument, Pipe.Count) : Errno.ENOTTY;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes() => _path is not null
        ? base.GetAttributes()
        : new InodeAttributes
        {
            Device = 0xe, Number = _number, Mode = 0x1180, Links = 1, BlockSize = Pipe.AtomicSize,
            AccessTime = _created, ModifyTime = _created, ChangeTime = _created, BirthTime = _created,
        };

    /// <inheritdoc/>
    protected override void OnRelease() => Pipe.Detach(CanRead, CanWrite);
}
