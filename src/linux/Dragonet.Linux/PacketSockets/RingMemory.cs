using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Memory;
using Dragonet.Platform;

namespace Dragonet.Linux.PacketSockets;

/// <summary>The memory of a packet socket's rings, which mmap(2) of the socket shows.</summary>
internal sealed class RingMemory : MemoryObject, IDisposable
{
    private RingMemory(IMemoryBacking backing) => Backing = backing;

    public IMemoryBacking Backing { get; }

    /// <summary>Makes it: ENOMEM when there is none.</summary>
    public static Result<RingMemory> Create(IPlatform platform, long length)
    {
        if (!platform.CreateMemory("packet ring").Ok(out var backing, out _))
        {
            return Errno.ENOMEM;
        }

        if (backing.SetLength(length) != 0)
        {
            backing.Dispose();
            return Errno.ENOMEM;
        }

        return new RingMemory(backing);
    }

    /// <inheritdoc/>
    public override IMemoryBacking GetBacking(bool writable) => Backing;

    /// <inheritdoc/>
    public void Dispose() => Backing.Dispose();
}
