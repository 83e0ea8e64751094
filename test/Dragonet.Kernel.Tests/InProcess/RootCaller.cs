using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>The test as a caller of file operations.</summary>
internal sealed class RootCaller : ICaller, IUserMemory
{
    public Credentials Credentials => Credentials.Root;

    public IUserMemory Memory => this;

    public uint Umask => 0;

    public ulong FileSizeLimit => ulong.MaxValue;

    public Errno Read(ulong address, Span<byte> destination) => Errno.EFAULT;

    public Errno Write(ulong address, ReadOnlySpan<byte> source) => Errno.EFAULT;

    public int ReadSome(ulong address, Span<byte> destination) => 0;
}
