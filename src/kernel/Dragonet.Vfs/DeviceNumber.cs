namespace Dragonet.Vfs;

/// <summary>Device numbers: major &lt;&lt; 20 | minor inside the kernel, Linux's mixed encoding in the ABI (makedev(3)).</summary>
public static class DeviceNumber
{
    /// <summary>Kernel form.</summary>
    public static ulong Make(uint major, uint minor) => (ulong)major << 20 | minor;

    public static uint Major(ulong device) => (uint)(device >> 20);

    public static uint Minor(ulong device) => (uint)(device & 0xfffff);

    /// <summary>What stat(2) shows.</summary>
    public static ulong Encode(ulong device) => (device & 0xff) | (ulong)Major(device) << 8 | (device & 0xfff00) << 12;

    /// <summary>What mknod(2) is given.</summary>
    public static ulong Decode(ulong encoded) => Make((uint)(encoded >> 8 & 0xfff), (uint)(encoded & 0xff | encoded >> 12 & 0xfff00));
}
