using Dragonet.Net;

namespace Dragonet.UserNet;

/// <summary>
/// What guests may reach. Without rules: everything but the host itself, its links, and what is no host. With rules: only that. A name stands
/// for the addresses that the forwarder has told the guest for it, for as long as they are good; never for the host itself.
/// </summary>
public sealed class EgressPolicy
{
    private const int MostGrants = 4096;
    private const long LeastGrant = 600, MostGrant = 86400, Second = 1_000_000_000; // programs keep addresses longer than they should

    private readonly IReadOnlyList<EgressRule> _rules;
    private readonly Dictionary<(IPAddress Address, ushort Port), long> _grants = []; // until when; port 0 for all

    /// <param name="rules">What is allowed; null for everything outside.</param>
    public EgressPolicy(IReadOnlyList<EgressRule>? rules) => _rules = rules ?? [EgressRule.Parse("any")!];

    /// <summary>Addresses that answers have opened.</summary>
    internal int GrantCount => _grants.Count;

    /// <summary>True when a connection or datagram may go there.</summary>
    /// <param name="to">Where to; port 0 for an echo request.</param>
    /// <param name="now">The time.</param>
    public bool Allows(Endpoint to, long now)
    {
        if (to.Address.IsMulticast || to.Address.IsLimitedBroadcast || IsThisHost(to.Address))
        {
            return false; // the host itself is reached by the gateway's address only
        }

        // What means this link, not the network outside, must be meant by the rule.
        var isLocal = to.Address.IsLinkLocal;
        foreach (var rule in _rules)
        {
            if (rule.HasPort(to.Port) && (rule.Network is { } network ? network.Contains(to.Address) && (!isLocal || network.Address.IsLinkLocal && network.Length >= (network.Address.IsV4 ? 16 : 10)) : rule.IsAny && !isLocal))
            {
                return true;
            }
        }

        return !isLocal && (IsGranted(to.Address, 0, now) || (to.Port != 0 && IsGranted(to.Address, to.Port, now)));
    }

    /// <summary>True when the host's own loopback may be reached at a port.</summary>
    public bool AllowsHost(ushort port) => _rules.Any(rule => rule.IsHost && rule.HasPort(port));

    /// <summary>True when a name may be asked for.</summary>
    public bool MayResolve(string name) => _rules.Any(rule => rule.IsAny || rule.Names(name));

    /// <summary>The guest was told an address of a name.</summary>
    public void Grant(string name, IPAddress address, uint seconds, long now)
    {
        if (IsThisHost(address) || address.IsLinkLocal || address.IsMulticast || address.IsLimitedBroadcast)
        {
            return; // whoever answers for the name does not decide about the host (DNS rebinding)
        }

        foreach (var rule in _rules)
        {
            if (rule.Names(name))
            {
                Forget(now);
                var until = now + Math.Clamp(seconds, LeastGrant, MostGrant) * Second;
                var key = (address, rule.Port);
                if (_grants.Count < MostGrants || _grants.ContainsKey(key))
                {
                    _grants[key] = Math.Max(until, _grants.GetValueOrDefault(key));
                }
            }
        }
    }

    /// <summary>Every spelling of "this host": 0.0.0.0/8, 127.0.0.0/8, ::, ::1, and IPv4 addresses inside of IPv6 ones that no network carries
    /// (RFC 4291, section 2.5.5.1). Mapped ones are IPv4 addresses here already.</summary>
    internal static bool IsThisHost(IPAddress address) => address.IsV4 ? address.V4 >> 24 is 0 or 127 : address.High == 0 && address.Low >> 32 == 0;

    private bool IsGranted(IPAddress address, ushort port, long now) => _grants.TryGetValue((address, port), out var until) && until > now;

    private void Forget(long now)
    {
        if (_grants.Count >= MostGrants)
        {
            foreach (var (key, until) in _grants)
            {
                if (until <= now)
                {
                    _ = _grants.Remove(key);
                }
            }
        }
    }
}
