namespace Dragonet.Net;

/// <summary>That a socket is in a group on an interface, and whom it wants to hear there.</summary>
public sealed class GroupMembership
{
    internal GroupMembership(IPAddress group, Interface link, IPAddress by, GroupFilter filter)
    {
        (Group, Link, Index, By, Filter) = (group, link, link.Index, by, filter);
    }

    public IPAddress Group { get; }

    /// <summary>The interface's number at that time.</summary>
    public int Index { get; }

    /// <summary>By which address of the interface the socket named it; any address when by its number, or not at all.</summary>
    public IPAddress By { get; }

    /// <summary>Whom the socket wants to hear.</summary>
    public GroupFilter Filter { get; internal set; }

    internal Interface Link { get; }
}
