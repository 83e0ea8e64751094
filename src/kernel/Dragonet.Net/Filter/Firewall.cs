namespace Dragonet.Net;

/// <summary>
/// The rules of one stack, tried in order; the first that matches decides, else the hook's policy. Conversations are followed (nft(8),
/// "ct state"). What is not the first fragment of a packet that goes through is let pass: without the first it is nothing.
/// </summary>
public sealed partial class Firewall
{
    private const int MaxRules = 4096;

    private readonly Stack _stack;
    private readonly List<(FilterRule Rule, Count Hits)> _rules = [];
    private readonly FilterVerdict[] _policies = new FilterVerdict[5];
    private readonly FlowTable _flows = new();
    private int _lastHandle;

    internal Firewall(Stack stack)
    {
        _stack = stack;
        _translations = new NatTable(stack);
    }

    /// <summary>Rules in their order, with the packets that each has decided about.</summary>
    public IEnumerable<(FilterRule Rule, long Packets)> Rules => _rules.Select(static pair => (pair.Rule, pair.Hits.Packets));

    /// <summary>Conversations that are known.</summary>
    public int FlowCount => _flows.Count;

    /// <summary>Adds a rule behind the others.</summary>
    /// <returns>Its handle; 0 when there are too many.</returns>
    public int Add(FilterRule rule)
    {
        if (_rules.Count >= MaxRules)
        {
            return 0;
        }

        _rules.Add((rule with { Handle = ++_lastHandle }, new Count()));
        IsTranslating |= rule.Nat is not null;
        return _lastHandle;
    }

    /// <summary>Removes a rule; what it translates goes on until it is over.</summary>
    public bool Remove(int handle) => _rules.RemoveAll(pair => pair.Rule.Handle == handle) > 0;

    /// <summary>Removes all rules; policies accept again, and conversations are forgotten.</summary>
    public void Flush()
    {
        _rules.Clear();
        _flows.Clear();
        _translations.Clear();
        IsTranslating = false;
        Array.Clear(_policies);
    }

    /// <summary>What becomes of packets that no rule matches.</summary>
    public FilterVerdict GetPolicy(FilterHook hook) => _policies[(int)hook];

    /// <summary>Sets what becomes of packets that no rule matches.</summary>
    public void SetPolicy(FilterHook hook, FilterVerdict verdict) => _policies[(int)hook] = verdict;

    internal FilterVerdict Judge(FilterHook hook, in FilterPacket packet)
    {
        var state = _flows.Look(packet, _stack.Now);
        var verdict = _policies[(int)hook];
        foreach (var (rule, hits) in _rules)
        {
            if (rule.Hook == hook && rule.Matches(packet, state))
            {
                hits.Packets++;
                verdict = rule.Verdict;
                break;
            }
        }

        return verdict != FilterVerdict.Accept || _flows.Note(packet, _stack.Now) ? verdict : FilterVerdict.Drop;
    }

    private sealed class Count
    {
        public long Packets { get; set; }
    }
}
