namespace Dragonet.Net;

/// <summary>
/// The host's side of IGMP (RFC 3376; RFC 2236 with older routers) and MLD (RFC 3810; RFC 2710): tells what interfaces want to hear, at once
/// when that changes and once more a little later, and when somebody asks, after a random time.
/// </summary>
internal sealed class GroupReports : StackTimer, IGroupReporter
{
    private const long Millisecond = 1_000_000;
    private const long Second = 1000 * Millisecond;
    private const long RepeatWithin = Second;              // RFC 3376, section 8.11; RFC 3810, section 9.11
    private const long OlderRepeatWithin = 10 * Second;    // RFC 2236, section 8.10
    private const long OlderRouterTime = 260 * Second;     // RFC 3376, section 8.12: 2 * 125 s + 10 s
    private const int MaxPending = 4096;

    private readonly Stack _stack;
    private readonly Dictionary<(Interface Link, IPAddress Group), PendingReport> _pending = []; // an unspecified group: all of the family
    private readonly Dictionary<(Interface Link, bool IsV4), long> _olderUntil = [];

    public GroupReports(Stack stack) => _stack = stack;

    /// <summary>Reports that wait for their time.</summary>
    public int Count => _pending.Count;

    /// <inheritdoc/>
    public override long Deadline
    {
        get
        {
            var next = long.MaxValue;
            foreach (var report in _pending.Values)
            {
                next = Math.Min(next, report.At);
            }

            return next;
        }
    }

    /// <inheritdoc/>
    public void OnChanged(Interface link, IPAddress group, GroupFilter before, GroupFilter now)
    {
        if (!Reports(link, group))
        {
            return;
        }

        if (IsOlder(link, group.IsV4))
        {
            OnOlderChange(link, group, before, now);
            return;
        }

        var isMode = before.Excludes != now.Excludes || (_pending.TryGetValue((link, group), out var earlier) && earlier.IsModeChange);
        Send(link, GroupMessage.Change(group, before, now, isMode));
        Schedule(link, group, new PendingReport { At = _stack.Now + Delay(RepeatWithin), IsChange = true, IsModeChange = isMode, Before = before });
    }

    /// <summary>A message came to this stack.</summary>
    /// <param name="link">Where.</param>
    /// <param name="header">Its IP header.</param>
    /// <param name="message">The message; its checksum is right.</param>
    public void Input(Interface link, in IPHeader header, ReadOnlySpan<byte> message)
    {
        var isV4 = header.Source.IsV4;
        if (!isV4 && (!header.Source.IsLinkLocal || header.HopLimit != 1))
        {
            return; // RFC 3810, section 6.2
        }

        if (GroupMessage.IsReport(isV4, message, out var reported))
        {
            if (_pending.TryGetValue((link, reported), out var own) && !own.IsChange && IsOlder(link, isV4))
            {
                _ = _pending.Remove((link, reported)); // one is enough (RFC 2236, section 3)
                _stack.Timers.Update(this);
            }
        }
        else if (GroupQuery.TryParse(isV4, message, out var query))
        {
            Answer(link, isV4, query);
        }
    }

    /// <summary>An interface goes away.</summary>
    public void Forget(Interface link)
    {
        foreach (var key in _pending.Keys.Where(key => key.Link == link).ToArray())
        {
            _ = _pending.Remove(key);
        }

        _ = _olderUntil.Remove((link, true));
        _ = _olderUntil.Remove((link, false));
        _stack.Timers.Update(this);
    }

    /// <inheritdoc/>
    public override void Fire()
    {
        foreach (var (key, report) in _pending.Where(pair => pair.Value.At <= _stack.Now).ToArray())
        {
            _ = _pending.Remove(key);
            if (key.Link.IsUp)
            {
                Send(key.Link, key.Group, report);
            }
        }

        _stack.Timers.Update(this);
    }

    private static bool Reports(Interface link, IPAddress group) =>
        link is EthernetInterface { IsUp: true, Port: null } && group != GroupTable.AllSystems && group != GroupTable.AllNodes
        && (group.IsV4 || ((group.High >> 48) & 0xf) >= 2); // RFC 3810, section 6: not of this interface alone

    private bool IsOlder(Interface link, bool isV4) => _olderUntil.TryGetValue((link, isV4), out var until) && until > _stack.Now;

    private long Delay(long most) => 1 + (long)(_stack.Options.Random() % (ulong)Math.Max(most, 1));

    /// <summary>RFC 2236, section 3; RFC 2710, section 4: who joins says so twice, who leaves says it to the routers.</summary>
    private void OnOlderChange(Interface link, IPAddress group, GroupFilter before, GroupFilter now)
    {
        if (now.IsNobody)
        {
            _ = _pending.Remove((link, group));
            _stack.Timers.Update(this);
            Send(link, GroupMessage.OlderLeave(group));
        }
        else if (before.IsNobody)
        {
            Send(link, GroupMessage.OlderReport(group));
            Schedule(link, group, new PendingReport { At = _stack.Now + Delay(OlderRepeatWithin), IsChange = true, Before = before });
        }
    }

    /// <summary>RFC 3376, section 5.2; RFC 3810, section 6.2.</summary>
    private void Answer(Interface link, bool isV4, in GroupQuery query)
    {
        if (query.IsOlder)
        {
            _olderUntil[(link, isV4)] = _stack.Now + OlderRouterTime;
        }

        var all = isV4 ? IPAddress.AnyV4 : IPAddress.AnyV6;
        var at = _stack.Now + Delay(query.MaximumDelay);
        if (_pending.TryGetValue((link, all), out var general) && general.At <= at)
        {
            return; // that will say it
        }

        if (query.Group.IsUnspecified && !IsOlder(link, isV4))
        {
            Schedule(link, all, new PendingReport { At = at });
            return;
        }

        foreach (var entry in _stack.Groups.List(link))
        {
            if (entry.Group.IsV4 != isV4 || !Reports(link, entry.Group) || (!query.Group.IsUnspecified && query.Group != entry.Group))
            {
                continue;
            }

            if (!_pending.TryGetValue((link, entry.Group), out var known))
            {
                Schedule(link, entry.Group, new PendingReport { At = query.Group.IsUnspecified ? _stack.Now + Delay(query.MaximumDelay) : at, Sources = query.Sources });
            }
            else if (!known.IsChange)
            {
                // What is asked about all sources covers what is asked about some.
                known.Sources = known.Sources is { } some && query.Sources is { } more ? [.. some.Union(more).Take(GroupMessage.MaxSources)] : null;
                known.At = Math.Min(known.At, at);
            }
        }

        _stack.Timers.Update(this);
    }

    private void Schedule(Interface link, IPAddress group, PendingReport report)
    {
        if (_pending.Count < MaxPending || _pending.ContainsKey((link, group)))
        {
            _pending[(link, group)] = report;
            _stack.Timers.Update(this);
        }
    }

    private void Send(Interface link, IPAddress group, PendingReport report)
    {
        if (group.IsUnspecified)
        {
            SendAll(link, group.IsV4);
        }
        else if (IsOlder(link, group.IsV4))
        {
            if (_stack.Groups.List(link).Any(entry => entry.Group == group))
            {
                Send(link, GroupMessage.OlderReport(group));
            }
        }
        else if (report.IsChange)
        {
            Send(link, GroupMessage.Change(group, report.Before, _stack.Groups.FilterOf(link, group), report.IsModeChange));
        }
        else if (_stack.Groups.List(link).FirstOrDefault(entry => entry.Group == group) is { Filter: { } filter } found && found.Group == group)
        {
            Send(link, GroupMessage.Current([(group, filter)], report.Sources));
        }
    }

    private void SendAll(Interface link, bool isV4)
    {
        var groups = _stack.Groups.List(link).Where(entry => entry.Group.IsV4 == isV4 && Reports(link, entry.Group)).Select(entry => (entry.Group, entry.Filter));
        foreach (var part in groups.Chunk(GroupMessage.MaxRecords))
        {
            Send(link, GroupMessage.Current(part, sources: null));
        }
    }

    private void Send(Interface link, GroupMessage? message)
    {
        if (message is { } ready)
        {
            var source = ready.IsV4
                ? link.AddressList.Find(prefix => prefix.Address.IsV4) is { Length: > 0 } v4 ? v4.Address : IPAddress.AnyV4
                : link.AddressList.Find(prefix => !prefix.Address.IsV4 && prefix.Address.IsLinkLocal) is { Length: > 0 } v6 ? v6.Address : IPAddress.AnyV6; // RFC 3590
            _stack.SendToRouters(link, source, ready);
        }
    }

    private sealed class PendingReport
    {
        public long At { get; set; }

        public bool IsChange { get; init; }

        public bool IsModeChange { get; init; }

        public GroupFilter Before { get; init; } = GroupFilter.Nobody;

        /// <summary>The sources that were asked about; null for all.</summary>
        public IReadOnlyList<IPAddress>? Sources { get; set; }
    }
}
