using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Linux;

/// <summary>A caller with other credentials: access(2) asks with the real ids.</summary>
internal sealed class CallerAs(ICaller caller, Credentials credentials) : ICaller
{
    /// <inheritdoc/>
    public Credentials Credentials { get; } = credentials;

    /// <inheritdoc/>
    public IUserMemory Memory => caller.Memory;

    /// <inheritdoc/>
    public uint Umask => caller.Umask;

    /// <inheritdoc/>
    public ulong FileSizeLimit => caller.FileSizeLimit;
}
