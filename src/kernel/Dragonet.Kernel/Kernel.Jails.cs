using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>Jails, and what each of them has of its own.</summary>
public sealed partial class Kernel
{
    /// <summary>What subsystems keep for each jail. Add while the kernel boots.</summary>
    public JailSlots JailSlots { get; } = new();

    /// <summary>The jails.</summary>
    public Jails Jails { get; }

    /// <summary>What jails, users and processes may have, beyond the jails' parameters.</summary>
    public ResourceRules Rules { get; }

    /// <summary>The management side as a caller of file operations: root, without guest memory.</summary>
    public ICaller Management { get; } = new ManagementCaller();

    internal JailLocal<UtsName> UtsSlot { get; }

    internal JailLocal<IpcNamespace> IpcSlot { get; }

    internal JailLocal<UnixNames> UnixNamesSlot { get; }

    private sealed class ManagementCaller : ICaller, IUserMemory
    {
        public Credentials Credentials => Credentials.Root;

        public IUserMemory Memory => this;

        public uint Umask => 0;

        public ulong FileSizeLimit => ulong.MaxValue;

        public Errno Read(ulong address, Span<byte> destination) => Errno.EFAULT;

        public Errno Write(ulong address, ReadOnlySpan<byte> source) => Errno.EFAULT;

        public int ReadSome(ulong address, Span<byte> destination) => 0;
    }
}
