namespace Dragonet.Net;

/// <summary>Where a bridge knows an address to be.</summary>
/// <param name="Address">The address.</param>
/// <param name="Vlan">In which virtual network.</param>
/// <param name="Link">Behind which port.</param>
/// <param name="IsStatic">It was said so, not learned.</param>
/// <param name="Age">Nanoseconds since its last frame.</param>
public readonly record struct ForwardingEntry(EthernetAddress Address, ushort Vlan, EthernetInterface Link, bool IsStatic, long Age);
