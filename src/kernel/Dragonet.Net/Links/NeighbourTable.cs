namespace Dragonet.Net;

/// <summary>Which MAC address a neighbour has: asks by ARP or neighbour discovery, and keeps packets meanwhile. Bounded.</summary>
internal sealed class NeighbourTable(EthernetInterface link) : StackTimer
{
    private const int MaxEntries = 512;
    private const int MaxQuestions = 3;                  // RFC 4861, section 10
    private const long Retry = 1_000_000_000;
    private const long ReachableTime = 30_000_000_000;
    private const long ClaimTime = 200_000_000;          // who is there answers at once
    private const long ConfirmTime = 1_000_000_000;      // as neigh/default/locktime of Linux

    private readonly Dictionary<IPAddress, Neighbour> _neighbours = [];

    /// <summary>Entries.</summary>
    public int Count => _neighbours.Count;

    /// <inheritdoc/>
    public override long Deadline
    {
        get
        {
            var earliest = long.MaxValue;
            foreach (var neighbour in _neighbours.Values)
            {
                earliest = Math.Min(earliest, neighbour.AskAt);
            }

            return earliest;
        }
    }

    /// <summary>Addresses that are known.</summary>
    public IEnumerable<(IPAddress Address, EthernetAddress Hardware)> Known =>
        _neighbours.Values.Where(neighbour => neighbour.Hardware is not null).Select(neighbour => (neighbour.Address, neighbour.Hardware!.Value));

    /// <summary>The address to send a packet to; null when the packet, which is owned then, has to wait for it.</summary>
    public EthernetAddress? Resolve(IPAddress address, PacketBuffer packet)
    {
        if (!_neighbours.TryGetValue(address, out var neighbour))
        {
            if (_neighbours.Count >= MaxEntries)
            {
                Evict();
            }

            _neighbours.Add(address, neighbour = new Neighbour(address));
        }

        if (neighbour.Hardware is null)
        {
            neighbour.Wait(packet, link.Stack.Pool);
        }

        // What was not confirmed for a while is used, and asked about.
        if (neighbour.AskAt == long.MaxValue && link.Stack.Now >= neighbour.ReachableUntil)
        {
            Ask(neighbour);
        }

        return neighbour.Hardware;
    }

    /// <summary>Somebody told his address.</summary>
    /// <param name="address">Whose.</param>
    /// <param name="hardware">The address.</param>
    /// <param name="isAnswer">It answers a question, so the neighbour is reachable.</param>
    /// <param name="create">Remember also whom nobody has asked about.</param>
    public void Learn(IPAddress address, EthernetAddress hardware, bool isAnswer, bool create)
    {
        if (!hardware.IsMulticast && hardware.Value != 0)
        {
            Take(address, hardware, isAnswer, create);
        }
    }

    private void Take(IPAddress address, EthernetAddress hardware, bool isAnswer, bool create)
    {
        if (!_neighbours.TryGetValue(address, out var neighbour))
        {
            if (!create)
            {
                return;
            }

            if (_neighbours.Count >= MaxEntries)
            {
                Evict();
            }

            _neighbours.Add(address, neighbour = new Neighbour(address));
        }

        if (neighbour.ReachableUntil == Neighbour.Forever)
        {
            return;
        }

        if (neighbour.Hardware is { } known && known != hardware)
        {
            Doubt(neighbour, known, hardware);
            return;
        }

        neighbour.Hardware = hardware;
        if (isAnswer)
        {
            neighbour.ConfirmedUntil = neighbour.Claimed is null ? 0 : link.Stack.Now + ConfirmTime;
            neighbour.Claimed = null;
            neighbour.ReachableUntil = link.Stack.Now + ReachableTime;
            neighbour.AskAt = long.MaxValue;
            neighbour.Asked = 0;
        }

        while (neighbour.Waiting.TryDequeue(out var packet))
        {
            link.Send(packet, hardware);
        }
    }

    /// <summary>Who sends to a neighbour hears nothing: it is asked where it is before the next packet goes there (RFC 1122, section 2.3.2.1 (4)).
    /// When it has gone, the sender is told within seconds.</summary>
    public void Suspect(IPAddress address)
    {
        if (_neighbours.TryGetValue(address, out var neighbour) && neighbour is { Hardware: not null, Claimed: null } && neighbour.ReachableUntil != Neighbour.Forever)
        {
            (neighbour.Hardware, neighbour.ReachableUntil, neighbour.AskAt, neighbour.Asked) = (null, 0, long.MaxValue, 0);
            link.Stack.Timers.Update(this);
        }
    }

    /// <summary>Everybody that is known or asked for.</summary>
    public IEnumerable<Neighbour> All => _neighbours.Values;

    /// <summary>Sets what somebody says who manages the stack, whatever it is: for ever, or until it is old.</summary>
    public void Set(IPAddress address, EthernetAddress hardware, bool isPermanent)
    {
        _ = Remove(address);
        Take(address, hardware, isAnswer: true, create: true);
        if (isPermanent && _neighbours.TryGetValue(address, out var neighbour))
        {
            neighbour.ReachableUntil = Neighbour.Forever;
        }
    }

    /// <summary>Forgets one.</summary>
    public bool Remove(IPAddress address)
    {
        if (!_neighbours.TryGetValue(address, out var neighbour))
        {
            return false;
        }

        Forget(neighbour);
        return true;
    }

    /// <inheritdoc/>
    public override void Fire()
    {
        foreach (var neighbour in _neighbours.Values.Where(neighbour => neighbour.AskAt <= link.Stack.Now).ToArray())
        {
            if (neighbour.Claimed is { } claimed)
            {
                // It does not answer where it was.
                (neighbour.Hardware, neighbour.Claimed, neighbour.AskAt, neighbour.Asked) = (claimed, null, long.MaxValue, 0);
                neighbour.ReachableUntil = link.Stack.Now + ReachableTime;
            }
            else if (neighbour.Asked < MaxQuestions)
            {
                Ask(neighbour);
            }
            else
            {
                Forget(neighbour);
            }
        }
    }

    /// <summary>Forgets everybody.</summary>
    public void Clear()
    {
        foreach (var neighbour in _neighbours.Values.ToArray())
        {
            Forget(neighbour);
        }

        link.Stack.Timers.Remove(this);
    }

    /// <summary>Somebody says that a neighbour has another MAC address now. Anybody may say so, so it is asked itself, at the address that is known
    /// (RFC 1122, section 2.3.2.1 (2)): only when it does not answer there the new one counts.</summary>
    private void Doubt(Neighbour neighbour, EthernetAddress known, EthernetAddress claimed)
    {
        if (neighbour.Claimed is null && link.Stack.Now >= neighbour.ConfirmedUntil)
        {
            neighbour.Claimed = claimed;
            neighbour.AskAt = link.Stack.Now + ClaimTime;
            link.Stack.Timers.Update(this);
            link.Ask(neighbour.Address, known);
        }
    }

    private void Ask(Neighbour neighbour)
    {
        neighbour.Asked++;
        neighbour.AskAt = link.Stack.Now + Retry;
        link.Stack.Timers.Update(this);
        link.Ask(neighbour.Address, known: null, neighbour.Waiting.TryPeek(out var first) ? first : null);
    }

    /// <summary>Nobody answers: whoever waits is told (RFC 1122, section 2.3.2.2; RFC 4861, section 7.2.2).</summary>
    private void Forget(Neighbour neighbour)
    {
        _ = _neighbours.Remove(neighbour.Address);
        while (neighbour.Waiting.TryDequeue(out var packet))
        {
            link.Counters.SendDrops++;
            link.Stack.Icmp.ReportUnreachable(packet);
            link.Stack.Pool.Return(packet);
        }
    }

    private void Evict()
    {
        // Whoever is asked about without success goes first: a scan of a network does not push out real neighbours.
        var victim = _neighbours.Values.MinBy(neighbour => (neighbour.Hardware is null ? 0 : 1, neighbour.ReachableUntil));
        if (victim is not null)
        {
            Forget(victim);
        }
    }
}
