using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet;

/// <summary>The management side as a caller of file operations: root, without guest memory.</summary>
internal sealed class KernelCaller : ICaller
{
    public Credentials Credentials => Credentials.Root;

    public IUserMemory Memory { get; } = new NoMemory();

    public uint Umask => 0;

    public ulong FileSizeLimit => ulong.MaxValue;

    private sealed class NoMemory : IUserMemory
    {
        public Errno Read(ulong address, Span<byte> destination) => Errno.EFAULT;

        public Errno Write(ulong address, ReadOnlySpan<byte> source) => Errno.EFAULT;

        public int ReadSome(ulong address, Span<byte> destination) => 0;
    }
}
