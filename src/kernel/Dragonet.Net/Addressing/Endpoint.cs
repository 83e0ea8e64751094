namespace Dragonet.Net;

/// <summary>An address and a port (or the identifier of an echo request).</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port, host byte order.</param>
/// <param name="Scope">For IPv6 link-local addresses, the index of the interface; else 0.</param>
public readonly record struct Endpoint(IPAddress Address, ushort Port, int Scope = 0)
{
    /// <inheritdoc/>
    public override string ToString() => Address.IsV4 ? $"{Address}:{Port}" : $"[{Address}]:{Port}";
}
