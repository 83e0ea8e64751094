using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Overlay;

/// <summary>The overlay itself as a caller of its layers.</summary>
internal sealed class OverlayCaller : ICaller, IUserMemory
{
    internal static readonly OverlayCaller Instance = new();

    /// <inheritdoc/>
    public Credentials Credentials => Credentials.Root;

    /// <inheritdoc/>
    public IUserMemory Memory => this;

    /// <inheritdoc/>
    public uint Umask => 0;

    /// <inheritdoc/>
    public ulong FileSizeLimit => ulong.MaxValue;

    /// <inheritdoc/>
    public Errno Read(ulong address, Span<byte> destination) => Errno.EFAULT;

    /// <inheritdoc/>
    public Errno Write(ulong address, ReadOnlySpan<byte> source) => Errno.EFAULT;

    /// <inheritdoc/>
    public int ReadSome(ulong address, Span<byte> destination) => 0;
}
