using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>An ICMP error that came, on its way to the socket that it is about.</summary>
/// <param name="Number">What it means.</param>
/// <param name="IsHard">It ends what has no connection yet.</param>
/// <param name="Type">The type of the message.</param>
/// <param name="Code">Its code.</param>
/// <param name="Mtu">The MTU, for messages that say one.</param>
/// <param name="About">The message itself.</param>
internal readonly record struct IcmpNotice(Errno Number, bool IsHard, byte Type, byte Code, int Mtu, Datagram About);
