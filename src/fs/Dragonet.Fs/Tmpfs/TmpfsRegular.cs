using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tmpfs;

/// <summary>A regular file.</summary>
internal sealed class TmpfsRegular : TmpfsInode
{
    private SealFlags _seals; // guarded by Lock
    private bool _freed;      // guarded by Lock

    internal TmpfsRegular(TmpfsFileSystem owner, in NewNode node, SealFlags seals = SealFlags.F_SEAL_SEAL)
        : base(owner, node)
    {
        _seals = seals;
        Data = owner.NewMemory();
    }

    private TmpfsRegular(TmpfsFileSystem owner, TmpfsRegular original)
        : base(owner, original)
    {
        _seals = original.Seals;
        Data = owner.NewMemory();
    }

    /// <summary>The data.</summary>
    internal FileMemory Data { get; }

    /// <summary>Made without a name; it may get one (linkat(2)).</summary>
    internal bool IsTemporary { get; init; }

    /// <inheritdoc/>
    internal override Result<TmpfsInode> CopyLocked(TmpfsFileSystem owner)
    {
        var copy = new TmpfsRegular(owner, this);
        return Data.CopyTo(copy.Data) is not Errno.OK and var error ? error : copy;
    }

    /// <inheritdoc/>
    internal override long Size => Data.Length;

    /// <inheritdoc/>
    internal override long AllocatedBytes => Data.Allocated;

    /// <inheritdoc/>
    public override Result<OpenFile> Open(ICaller caller, VfsPath path, OpenFlags flags)
    {
        var file = new TmpfsFile(this, path, flags);
        bool freed;
        using (Lock.Enter())
        {
            freed = _freed;
        }

        if (!freed)
        {
            return file;
        }

        // Its last name went between the lookup and now: the path must be looked up again.
        file.Release();
        return Errno.ESTALE;
    }

    /// <inheritdoc/>
    public override Errno SetAttributes(ICaller caller, in AttributeChange change)
    {
        if (change.Has(AttributeMask.Size))
        {
            using (Lock.Enter())
            {
                var error = (change.Size < Data.Length && (_seals & SealFlags.F_SEAL_SHRINK) != 0)
                    || (change.Size > Data.Length && (_seals & SealFlags.F_SEAL_GROW) != 0)
                    ? Errno.EPERM
                    : Data.SetLength(change.Size);
                if (error != Errno.OK)
                {
                    return error;
                }
            }
        }

        return base.SetAttributes(caller, change);
    }

    /// <summary>Writes, as far as seals allow.</summary>
    internal Result<int> Write(ReadOnlySpan<byte> source, long offset, bool append, long limit, out long end)
    {
        end = offset;
        var seals = Seals;
        if (seals is not (SealFlags.None or SealFlags.F_SEAL_SEAL))
        {
            if ((seals & (SealFlags.F_SEAL_WRITE | SealFlags.F_SEAL_FUTURE_WRITE)) != 0)
            {
                return Errno.EPERM;
            }

            if ((seals & SealFlags.F_SEAL_GROW) != 0)
            {
                limit = Math.Min(limit, Data.Length);
                if (append || offset >= limit)
                {
                    return Errno.EPERM;
                }
            }
        }

        var result = Data.Write(offset, source, append, limit, out end);
        if (result.IsOk)
        {
            Modified();
        }

        return result;
    }

    /// <summary>fallocate(2).</summary>
    internal Errno Allocate(FallocFlags mode, long offset, long length)
    {
        var keep = (mode & FallocFlags.FALLOC_FL_KEEP_SIZE) != 0;
        var seals = Seals;
        if ((seals & (SealFlags.F_SEAL_WRITE | SealFlags.F_SEAL_FUTURE_WRITE)) != 0
            || (!keep && offset + length > Data.Length && (seals & SealFlags.F_SEAL_GROW) != 0))
        {
            return Errno.EPERM;
        }

        var error = (mode & ~FallocFlags.FALLOC_FL_KEEP_SIZE) switch
        {
            FallocFlags.None => Data.Allocate(offset, length, keep),
            FallocFlags.FALLOC_FL_PUNCH_HOLE => keep ? Data.Punch(offset, length) : Errno.EOPNOTSUPP,
            FallocFlags.FALLOC_FL_ZERO_RANGE => Data.Punch(offset, length) is not Errno.OK and var failed ? failed : Data.Allocate(offset, length, keep),
            _ => Errno.EOPNOTSUPP,
        };
        if (error == Errno.OK)
        {
            Modified();
        }

        return error;
    }

    private SealFlags Seals
    {
        get
        {
            using (Lock.Enter())
            {
                return _seals;
            }
        }
    }

    /// <inheritdoc/>
    public override Result<SealFlags> GetSeals() => Seals;

    /// <inheritdoc/>
    public override Errno AddSeals(SealFlags seals)
    {
        const SealFlags all = SealFlags.F_SEAL_SEAL | SealFlags.F_SEAL_SHRINK | SealFlags.F_SEAL_GROW | SealFlags.F_SEAL_WRITE
            | SealFlags.F_SEAL_FUTURE_WRITE | SealFlags.F_SEAL_EXEC;
        if ((seals & ~all) != 0)
        {
            return Errno.EINVAL;
        }

        using (Lock.Enter())
        {
            if ((_seals & SealFlags.F_SEAL_SEAL) != 0)
            {
                return Errno.EPERM;
            }

            _seals |= seals;
            return Errno.OK;
        }
    }

    /// <inheritdoc/>
    internal override void FreeIfUnused()
    {
        using (Owner.Names.Enter())
        using (Lock.Enter())
        {
            if (_freed || LinksLocked != 0 || OpenCount != 0)
            {
                return;
            }

            _freed = true;
        }

        Data.Free();
        Owner.DropInode();
    }
}
