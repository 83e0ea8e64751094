using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Platform;
using Dragonet.Vfs;

namespace Dragonet.Devices.Memory;

/// <summary>The devices of major 1 (mem(4), null(4), random(4)).</summary>
public static class MemoryDevices
{
    private const uint Major = 1;
    private const uint ReadWriteAll = 0x1B6; // 0666

    /// <summary>Registers null, zero, full, random, urandom and kmsg.</summary>
    public static void Register(DeviceRegistry registry, IPlatform platform)
    {
        registry.AddCharacter("null", ReadWriteAll, Major, 3, static (_, _, path, flags) => new NullFile(path, flags));
        registry.AddCharacter("zero", ReadWriteAll, Major, 5, static (_, _, path, flags) => new ZeroFile(path, flags, full: false));
        registry.AddCharacter("full", ReadWriteAll, Major, 7, static (_, _, path, flags) => new ZeroFile(path, flags, full: true));
        registry.AddCharacter("random", ReadWriteAll, Major, 8, (_, _, path, flags) => new RandomFile(path, flags, platform));
        registry.AddCharacter("urandom", ReadWriteAll, Major, 9, (_, _, path, flags) => new RandomFile(path, flags, platform));
        // There is no kernel log that guests could read: the answer is that of kernel.dmesg_restrict.
        registry.AddCharacter("kmsg", 0x1A4, Major, 11, static (_, _, _, _) => Errno.EPERM);
    }
}
