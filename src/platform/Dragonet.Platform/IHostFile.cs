using Dragonet.Abi;

namespace Dragonet.Platform;

/// <summary>A regular file of the host, open. Guests can have it mapped. Thread-safe; after Dispose everything answers EBADF.</summary>
public interface IHostFile : IMemoryBacking
{
    /// <summary>Its attributes now.</summary>
    Errno GetAttributes(out HostAttributes attributes);

    /// <summary>fsync(2) or fdatasync(2).</summary>
    Errno Sync(bool dataOnly);

    /// <summary>fallocate(2).</summary>
    Errno Allocate(FallocFlags mode, long offset, long length);

    /// <summary>SEEK_DATA or SEEK_HOLE.</summary>
    /// <returns>The offset, or a negative errno.</returns>
    long Find(long offset, bool hole);
}
