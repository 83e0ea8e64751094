namespace Dragonet.Net;

/// <summary>An address with the length of its network part, as in 127.0.0.1/8.</summary>
/// <param name="Address">The address.</param>
/// <param name="Length">Bits of the network part, in bits of the address's own family.</param>
public readonly record struct Prefix(IPAddress Address, int Length)
{
    /// <summary>True when an address of the same family is in this network.</summary>
    public bool Contains(IPAddress address) => Address.Matches(address, Length);

    /// <summary>The network: the address with zeros behind the prefix.</summary>
    public Prefix Network => new(new IPAddress(Address.High & Mask(0), Address.Low & Mask(64)), Length);

    /// <summary>The directed broadcast address of an IPv4 network (RFC 919), or null when it has none.</summary>
    public IPAddress? DirectedBroadcast =>
        Address.IsV4 && Length < 31 ? IPAddress.FromV4(Address.V4 | (uint)(uint.MaxValue >> Length)) : null;

    /// <summary>From text as in 10.0.0.1/24.</summary>
    public static Prefix Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return new(IPAddress.Parse(text[..slash]), int.Parse(text[(slash + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{Length}";

    private ulong Mask(int from)
    {
        var bits = Math.Clamp(Length + 128 - Address.Bits - from, 0, 64);
        return bits == 0 ? 0 : ulong.MaxValue << (64 - bits);
    }
}
