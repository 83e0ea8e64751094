using Dragonet.Platform;

namespace Dragonet.Memory;

/// <summary>
/// Something a guest can map: the data of a file. The backing is what the platform maps; the same object is used by
/// read and write, so that shared mappings are coherent with them.
/// </summary>
public abstract class MemoryObject
{
    /// <summary>The platform's handle for a mapping with these rights. A read-only handle cannot be mapped shared and writable.</summary>
    public abstract IMemoryBacking GetBacking(bool writable);
}
