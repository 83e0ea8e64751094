namespace Dragonet.Net;

/// <summary>From whom datagrams to a group are wanted (RFC 3376, section 3.1): from these sources only, or from all but these.</summary>
/// <param name="Excludes">From all but these.</param>
/// <param name="Sources">The sources, each once, in any order.</param>
public sealed record GroupFilter(bool Excludes, IReadOnlyList<IPAddress> Sources)
{
    /// <summary>From everybody: an ordinary member.</summary>
    public static GroupFilter Everybody { get; } = new(true, []);

    /// <summary>From nobody: not a member.</summary>
    public static GroupFilter Nobody { get; } = new(false, []);

    /// <summary>True when nothing is wanted.</summary>
    public bool IsNobody => !Excludes && Sources.Count == 0;

    /// <summary>True when datagrams of a source are wanted.</summary>
    public bool Admits(IPAddress source)
    {
        foreach (var other in Sources)
        {
            if (other == source)
            {
                return !Excludes;
            }
        }

        return Excludes;
    }

    /// <summary>True when both want the same.</summary>
    public bool IsSame(GroupFilter other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Excludes == other.Excludes && Sources.Count == other.Sources.Count && Sources.All(other.Sources.Contains);
    }

    /// <summary>What an interface wants when its sockets want these (RFC 3376, section 3.2).</summary>
    internal static GroupFilter Merge(IReadOnlyList<GroupMembership> members)
    {
        if (members.Count == 1)
        {
            return members[0].Filter;
        }

        var included = members.Where(member => !member.Filter.Excludes).SelectMany(member => member.Filter.Sources).ToHashSet();
        HashSet<IPAddress>? excluded = null;
        foreach (var member in members.Where(member => member.Filter.Excludes))
        {
            if (excluded is null)
            {
                excluded = [.. member.Filter.Sources];
            }
            else
            {
                excluded.IntersectWith(member.Filter.Sources);
            }
        }

        if (excluded is null)
        {
            return new GroupFilter(false, [.. included]);
        }

        excluded.ExceptWith(included);
        return new GroupFilter(true, [.. excluded]);
    }
}
