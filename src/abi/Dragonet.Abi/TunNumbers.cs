namespace Dragonet.Abi;

/// <summary>TUN and TAP devices (linux/if_tun.h).</summary>
public static class TunNumbers
{
    public const uint Major = 10;
    public const uint Minor = 200;

    public const uint TUNSETNOCSUM = 0x400454c8;
    public const uint TUNSETDEBUG = 0x400454c9;
    public const uint TUNSETIFF = 0x400454ca;
    public const uint TUNSETPERSIST = 0x400454cb;
    public const uint TUNSETOWNER = 0x400454cc;
    public const uint TUNSETGROUP = 0x400454ce;
    public const uint TUNGETFEATURES = 0x800454cf;
    public const uint TUNSETOFFLOAD = 0x400454d0;
    public const uint TUNGETIFF = 0x800454d2;
    public const uint TUNGETSNDBUF = 0x800454d3;
    public const uint TUNSETSNDBUF = 0x400454d4;
    public const uint TUNSETCARRIER = 0x400454e2;

    public const ushort IFF_TUN = 0x0001;
    public const ushort IFF_TAP = 0x0002;
    public const ushort IFF_NO_CARRIER = 0x0040;
    public const ushort IFF_MULTI_QUEUE = 0x0100;
    public const ushort IFF_PERSIST = 0x0800;
    public const ushort IFF_NO_PI = 0x1000;
    public const ushort IFF_ONE_QUEUE = 0x2000;
    public const ushort IFF_VNET_HDR = 0x4000;
    public const ushort IFF_TUN_EXCL = 0x8000;

    public const uint TUN_F_ALL = 0x7f; // TUN_F_CSUM to TUN_F_USO6

    /// <summary>In struct tun_pi: the buffer was too small for the packet.</summary>
    public const ushort TUN_PKT_STRIP = 1;
}
