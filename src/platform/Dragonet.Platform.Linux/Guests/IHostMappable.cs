using Dragonet.Platform.Linux.Interop;

namespace Dragonet.Platform.Linux.Guests;

/// <summary>A backing that is a file of the host, lent to guest processes for a mapping.</summary>
internal interface IHostMappable
{
    /// <summary>The descriptor to lend. Without <paramref name="writable"/> one that the host refuses to map shared and writable.</summary>
    HostFd GetFd(bool writable);
}
