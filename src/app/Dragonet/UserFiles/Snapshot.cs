using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Platform;

namespace Dragonet.UserFiles;

/// <summary>The data of a user's file at one moment, in memory that guests can map.</summary>
internal sealed class Snapshot : MemoryObject, IDisposable
{
    private const int Chunk = 64 * 1024;

    private readonly IMemoryBacking _memory;

    private Snapshot(IMemoryBacking memory) => _memory = memory;

    /// <summary>Copies a file.</summary>
    internal static Result<Snapshot> Take(UserFileInode inode)
    {
        if (!inode.Owner.Platform.CreateMemory("userfs").Ok(out var memory, out var error))
        {
            return error;
        }

        error = inode.Owner.Do(() =>
        {
            var buffer = new byte[Chunk];
            long offset = 0;
            for (int count; (count = inode.File.Read(offset, buffer)) > 0; offset += count)
            {
                if (memory.WriteAt(offset, buffer.AsSpan(0, Math.Min(count, Chunk))) != count)
                {
                    throw new UserFileException(Errno.ENOMEM);
                }
            }
        });
        if (error == Errno.OK)
        {
            return new Snapshot(memory);
        }

        memory.Dispose();
        return error;
    }

    /// <inheritdoc/>
    public override IMemoryBacking GetBacking(bool writable) => _memory;

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
