using Dragonet.Abi;
using Dragonet.Vfs;

namespace Dragonet.Devices.Memory;

/// <summary>/dev/null: reads end at once (null(4)).</summary>
internal sealed class NullFile(VfsPath path, OpenFlags flags) : MemoryDeviceFile(path, flags)
{
    /// <inheritdoc/>
    public override bool IgnoresWrites => true;
}
