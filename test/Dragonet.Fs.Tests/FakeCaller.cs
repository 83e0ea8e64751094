using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Fs.Tests;

/// <summary>Somebody who calls, without memory.</summary>
internal sealed class FakeCaller(Credentials credentials) : ICaller, IUserMemory
{
    public Credentials Credentials { get; set; } = credentials;

    public IUserMemory Memory => this;

    public uint Umask { get; set; } = 0x12;

    public ulong FileSizeLimit { get; set; } = ulong.MaxValue;

    public Errno Read(ulong address, Span<byte> destination) => Errno.EFAULT;

    public Errno Write(ulong address, ReadOnlySpan<byte> source) => Errno.EFAULT;

    public int ReadSome(ulong address, Span<byte> destination) => 0;
}
