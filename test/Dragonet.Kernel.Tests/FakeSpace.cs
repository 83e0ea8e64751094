using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;

namespace Dragonet.Kernel.Tests;

/// <summary>64 KiB of memory at address 0x10000.</summary>
internal sealed class FakeSpace : VmSpace
{
    public const ulong Base = 0x10000;
    private readonly byte[] _bytes = new byte[65536];

    public uint this[ulong address]
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan((int)(address - Base)));
        set => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan((int)(address - Base)), value);
    }

    public override Errno Read(ulong address, Span<byte> destination)
    {
        if (!Contains(address, destination.Length))
        {
            return Errno.EFAULT;
        }

        _bytes.AsSpan((int)(address - Base), destination.Length).CopyTo(destination);
        return Errno.OK;
    }

    public override Errno Write(ulong address, ReadOnlySpan<byte> source)
    {
        if (!Contains(address, source.Length))
        {
            return Errno.EFAULT;
        }

        source.CopyTo(_bytes.AsSpan((int)(address - Base)));
        return Errno.OK;
    }

    public override int ReadSome(ulong address, Span<byte> destination) => Read(address, destination) == Errno.OK ? destination.Length : 0;

    public override Errno ReadVector(ReadOnlySpan<(ulong Address, int Length)> ranges, Span<byte> destination) => Errno.EFAULT;

    public override Errno WriteVector(ReadOnlySpan<(ulong Address, int Length)> ranges, ReadOnlySpan<byte> source) => Errno.EFAULT;

    public override IReadOnlyList<VmRegion> GetRegions() =>
        [new VmRegion(Base, Base + 65536, VmProt.Read | VmProt.Write, Shared: false, 0, null, "")];

    public override VmUsage GetUsage() => default;

    public override Errno SetLimit(int resource, ulong soft, ulong hard) => Errno.OK;

    public override void Freeze(bool stop)
    {
    }

    public override void Kill()
    {
    }

    public override (long User, long System) GetCpuTime() => default;

    private bool Contains(ulong address, int length) => address >= Base && address + (ulong)length <= Base + 65536;
}
