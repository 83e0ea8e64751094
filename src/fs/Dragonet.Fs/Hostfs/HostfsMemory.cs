using Dragonet.Memory;
using Dragonet.Platform;

namespace Dragonet.Fs.Hostfs;

/// <summary>A host file as something to map: the host's page cache is the guest's.</summary>
internal sealed class HostfsMemory(IHostFile file) : MemoryObject
{
    /// <inheritdoc/>
    public override IMemoryBacking GetBacking(bool writable) => file;
}
