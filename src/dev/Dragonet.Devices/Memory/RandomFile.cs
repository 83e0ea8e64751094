using System.Buffers.Binary;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Devices.Memory;

/// <summary>/dev/random and /dev/urandom (random(4)). What is written to them is not needed: the platform's entropy is never short.</summary>
internal sealed class RandomFile(VfsPath path, OpenFlags flags, IPlatform platform) : MemoryDeviceFile(path, flags)
{
    private const uint RNDGETENTCNT = 0x80045200;
    private const uint RNDADDTOENTCNT = 0x40045201;
    private const uint RNDADDENTROPY = 0x40085203;
    private const uint RNDRESEEDCRNG = 0x5207;

    /// <inheritdoc/>
    public override Result<int> Read(ICaller caller, Span<byte> destination)
    {
        platform.Fill(destination);
        return destination.Length;
    }

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        switch (request)
        {
            case RNDGETENTCNT:
                Span<byte> bits = stackalloc byte[4];
                BinaryPrimitives.WriteInt32LittleEndian(bits, 256);
                return caller.Memory.Write(argument, bits);
            case RNDADDTOENTCNT or RNDADDENTROPY or RNDRESEEDCRNG:
                return caller.Credentials.Has(Capability.CAP_SYS_ADMIN) ? Errno.OK : Errno.EPERM;
            default:
                return Errno.ENOTTY;
        }
    }
}
