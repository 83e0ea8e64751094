namespace Dragonet.Net;

/// <summary>
/// An interface that gives itself addresses (RFC 4862) and finds its routers (RFC 4861, section 6.3): a link-local address from the MAC address,
/// then one in each network that a router tells of. Each is asked for first, and not used when somebody has it. What anybody on the link may say
/// is bounded: eight routers, eight addresses, and no address ends in less than two hours because somebody says so (section 5.5.3 (e)).
/// </summary>
public sealed class Autoconfiguration
{
    private const long Second = 1_000_000_000;
    private const int MaxRouters = 8;
    private const int MaxAddresses = 8;
    private const int MaxSolicitations = 3;               // RFC 4861, section 10
    private const long SolicitationInterval = 4 * Second;
    private const long CheckTime = Second;                // DupAddrDetectTransmits * RetransTimer
    private const long TwoHours = 7200 * Second;
    private const byte AdvertisedProtocol = 9;            // RTPROT_RA

    private readonly EthernetInterface _link;
    private readonly Alarm _alarm;
    private readonly List<Made> _addresses = [];
    private readonly List<(Route Route, long Until)> _routers = [];
    private int _solicitations;
    private long _solicitAt = long.MaxValue;

    internal Autoconfiguration(EthernetInterface link)
    {
        _link = link;
        _alarm = new Alarm(this);
        Begin(LinkLocal, long.MaxValue);
    }

    /// <summary>The address that the interface makes of its own: fe80::/64 with its identifier.</summary>
    public IPAddress LinkLocal => new(0xfe80_0000_0000_0000, Identifier);

    /// <summary>Addresses that somebody else had.</summary>
    public int Duplicates { get; private set; }

    /// <summary>The routers that are known.</summary>
    public IEnumerable<IPAddress> Routers => _routers.Select(router => router.Route.Gateway!.Value);

    /// <summary>Addresses that are not used yet: it is being found out whether somebody has them.</summary>
    public IEnumerable<IPAddress> Tentative => _addresses.Where(address => address.IsTentative).Select(address => address.Prefix.Address);

    private long Now => _link.Stack.Now;

    /// <summary>The modified EUI-64 identifier (RFC 4291, appendix A).</summary>
    private ulong Identifier
    {
        get
        {
            var mac = _link.Address.Value ^ (2UL << 40);
            return (mac >> 24 << 40) | 0xff_fe00_0000 | (mac & 0xff_ffff);
        }
    }

    /// <summary>Forgets everything; addresses and routes that it has made go.</summary>
    internal void End()
    {
        foreach (var address in _addresses.Where(address => !address.IsTentative))
        {
            _ = _link.RemoveAddress(address.Prefix.Address);
        }

        foreach (var (route, _) in _routers)
        {
            _ = _link.Stack.Routes.Remove(route);
        }

        _addresses.Clear();
        _routers.Clear();
        _solicitAt = long.MaxValue;
        _link.Stack.Timers.Remove(_alarm);
    }

    /// <summary>An advertisement came, with its checksum checked and the hop limit that proves that it is of this link.</summary>
    internal void InputRouter(in IPHeader header, ReadOnlySpan<byte> bytes)
    {
        if (!header.Source.IsLinkLocal || !RouterAdvertisement.TryParse(bytes, out var message))
        {
            return;
        }

        _solicitAt = long.MaxValue;
        TakeRouter(header.Source, message.RouterLifetime * Second);
        var at = RouterAdvertisement.FirstOption;
        while (message.NextPrefix(ref at, out var prefix))
        {
            TakePrefix(prefix);
        }

        Arm();
    }

    /// <summary>Somebody has an address, or asks for it as we do.</summary>
    /// <returns>True when it is one that is not ours yet, and is not going to be.</returns>
    internal bool IsTaken(IPAddress address)
    {
        var at = _addresses.FindIndex(made => made.IsTentative && made.Prefix.Address == address);
        if (at < 0)
        {
            return false;
        }

        // RFC 4862, section 5.4.5. Without a link-local address there is nothing more to do.
        Duplicates++;
        _addresses.RemoveAt(at);
        Arm();
        return true;
    }

    private void TakeRouter(IPAddress router, long lifetime)
    {
        var at = _routers.FindIndex(known => known.Route.Gateway == router);
        if (lifetime == 0)
        {
            if (at >= 0)
            {
                _ = _link.Stack.Routes.Remove(_routers[at].Route);
                _routers.RemoveAt(at);
            }
        }
        else if (at >= 0)
        {
            _routers[at] = _routers[at] with { Until = Now + lifetime };
        }
        else if (_routers.Count < MaxRouters)
        {
            var route = new Route(new Prefix(IPAddress.AnyV6, 0), _link, router, null, 1024) { Protocol = AdvertisedProtocol };
            _link.Stack.Routes.Add(route);
            _routers.Add((route, Now + lifetime));
        }
    }

    /// <summary>RFC 4862, section 5.5.3.</summary>
    private void TakePrefix(in AdvertisedPrefix prefix)
    {
        if (!prefix.IsAutonomous || prefix.Network.Length != 64 || prefix.Network.Address.IsLinkLocal || prefix.Network.Address.IsMulticast
            || prefix.PreferredSeconds > prefix.ValidSeconds)
        {
            return;
        }

        var until = prefix.ValidSeconds == uint.MaxValue ? long.MaxValue : Now + prefix.ValidSeconds * Second;
        var address = new IPAddress(prefix.Network.Address.High, Identifier);
        if (_addresses.Find(made => made.Prefix.Address == address) is { } known)
        {
            var remaining = known.Until == long.MaxValue ? long.MaxValue : known.Until - Now;
            if (until == long.MaxValue || until - Now > TwoHours || until - Now > remaining)
            {
                known.Until = until;
            }
            else if (remaining > TwoHours)
            {
                known.Until = Now + TwoHours;
            }
        }
        else if (prefix.ValidSeconds > 0 && _addresses.Count < MaxAddresses && !_link.Stack.IsLocal(address))
        {
            Begin(address, until, prefix.IsOnLink ? 64 : 128);
        }
    }

    /// <summary>Asks whether somebody has an address (RFC 4862, section 5.4).</summary>
    private void Begin(IPAddress address, long until, int length = 64)
    {
        _addresses.Add(new Made { Prefix = new Prefix(address, length), Until = until, CheckedAt = Now + CheckTime, IsTentative = true });
        _link.SendCheck(address);
        Arm();
    }

    private void Run()
    {
        foreach (var made in _addresses.Where(made => made.IsTentative && made.CheckedAt <= Now).ToArray())
        {
            made.IsTentative = false;
            _ = _link.AddAddress(made.Prefix);
            if (made.Prefix.Address.IsLinkLocal)
            {
                (_solicitAt, _solicitations) = (Now, 0);
            }
        }

        foreach (var made in _addresses.Where(made => made.Until <= Now).ToArray())
        {
            _ = made.IsTentative || _link.RemoveAddress(made.Prefix.Address);
            _ = _addresses.Remove(made);
        }

        foreach (var router in _routers.Where(router => router.Until <= Now).ToArray())
        {
            _ = _link.Stack.Routes.Remove(router.Route);
            _ = _routers.Remove(router);
        }

        if (_solicitAt <= Now)
        {
            _solicitAt = ++_solicitations < MaxSolicitations ? Now + SolicitationInterval : long.MaxValue;
            _link.SendRouterSolicitation(LinkLocal);
        }

        Arm();
    }

    private void Arm() => _link.Stack.Timers.Update(_alarm);

    private sealed class Made
    {
        public required Prefix Prefix { get; init; }

        public long Until { get; set; }

        public long CheckedAt { get; init; }

        public bool IsTentative { get; set; }
    }

    private sealed class Alarm(Autoconfiguration owner) : StackTimer
    {
        public override long Deadline
        {
            get
            {
                var next = owner._solicitAt;
                foreach (var made in owner._addresses)
                {
                    next = Math.Min(next, Math.Min(made.Until, made.IsTentative ? made.CheckedAt : long.MaxValue));
                }

                foreach (var (_, until) in owner._routers)
                {
                    next = Math.Min(next, until);
                }

                return next;
            }
        }

        public override void Fire() => owner.Run();
    }
}
