using System.Globalization;

namespace Dragonet.Net;

/// <summary>What a rule of the hooks prerouting and postrouting does to the first packet of a conversation, and so to all of them.</summary>
/// <param name="Kind">What.</param>
/// <param name="Address">The new address; null for that of the interface.</param>
/// <param name="Port">The new port; 0 for the same one.</param>
public readonly record struct NatAction(NatKind Kind, IPAddress? Address = null, ushort Port = 0)
{
    /// <summary>As it is written.</summary>
    public override string ToString()
    {
        var port = Port == 0 ? "" : ":" + Port.ToString(CultureInfo.InvariantCulture);
        var address = Address is not { } given ? "" : given.IsV4 || Port == 0 ? given.ToString() : $"[{given}]";
        return Kind switch
        {
            NatKind.Masquerade => "masquerade",
            NatKind.Redirect => Port == 0 ? "redirect" : $"redirect to {port}",
            _ => $"{Kind.ToString().ToLowerInvariant()} to {address}{port}",
        };
    }
}
