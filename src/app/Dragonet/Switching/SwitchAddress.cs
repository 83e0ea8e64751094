using System.Globalization;
using Dragonet.Net;

namespace Dragonet.Switching;

/// <summary>A place at a switch between kernels: eth0 of jail 0 is plugged in there.</summary>
public sealed class SwitchAddress
{
    private const int MinMtu = 68, MaxMtu = FrameSwitch.MaxFrame - EthernetFrame.HeaderSize; // RFC 791, section 3.2

    private readonly List<Prefix> _addresses = [];
    private readonly List<IPAddress> _gateways = [];

    private SwitchAddress(string path) => Path = path;

    /// <summary>Where the switch's socket is. Nobody needs to listen there yet.</summary>
    public string Path { get; }

    /// <summary>Others are behind this kernel: jails on a bridge with eth0, or networks that it is a router of.</summary>
    public bool IsTrunk { get; private set; }

    internal EthernetAddress? HardwareAddress { get; private set; }

    internal IReadOnlyList<Prefix> Addresses => _addresses;

    internal IReadOnlyList<IPAddress> Gateways => _gateways;

    internal int Mtu { get; private set; } = 1500;

    /// <summary>Reads "PATH[,ip=ADDR/LEN]…[,gw=ADDR]…[,mac=MAC][,mtu=N][,trunk]".</summary>
    /// <param name="text">The text.</param>
    /// <param name="defaultPath">For an empty path.</param>
    /// <exception cref="DragonetException">A word is wrong.</exception>
    public static SwitchAddress Parse(string text, string defaultPath)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = text.Split(',');
        var result = new SwitchAddress(System.IO.Path.GetFullPath(words[0].Length == 0 ? defaultPath : words[0]));
        foreach (var word in words.AsSpan(1))
        {
            var value = word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..];
            var isGood = word.Split('=')[0] switch
            {
                "trunk" => result.IsTrunk = word == "trunk",
                "ip" => result.AddAddress(value),
                "gw" => result.AddGateway(value),
                "mac" => result.SetHardwareAddress(value),
                "mtu" => result.SetMtu(value),
                _ => false,
            };
            if (!isGood)
            {
                throw new DragonetException($"'{word}': write switch:PATH[,ip=ADDR/LEN][,gw=ADDR][,mac=MAC][,mtu=N][,trunk]");
            }
        }

        return result;
    }

    private static IPAddress? ParseAddress(string text)
        => !text.Contains('%', StringComparison.Ordinal) && System.Net.IPAddress.TryParse(text, out var parsed) && IPAddress.FromBytes(parsed.GetAddressBytes()) is { IsUnspecified: false, IsMulticast: false, IsLoopback: false } address ? address : null;

    private bool AddAddress(string text)
    {
        var parts = text.Split('/');
        if (parts.Length != 2 || ParseAddress(parts[0]) is not { } address || _addresses.Count >= SwitchPortOptions.MaxAnnounced
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length < 1 || length > address.Bits)
        {
            return false;
        }

        _addresses.Add(new Prefix(address, length));
        return true;
    }

    private bool AddGateway(string text)
    {
        if (ParseAddress(text) is not { } address || _gateways.Exists(other => other.IsV4 == address.IsV4))
        {
            return false;
        }

        _gateways.Add(address);
        return true;
    }

    private bool SetHardwareAddress(string text)
    {
        HardwareAddress = EthernetAddress.TryParse(text, out var address) && !address.IsMulticast && address.Value != 0 ? address : null;
        return HardwareAddress is not null;
    }

    private bool SetMtu(string text)
    {
        Mtu = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mtu) ? mtu : 0;
        return Mtu is >= MinMtu and <= MaxMtu;
    }
}
