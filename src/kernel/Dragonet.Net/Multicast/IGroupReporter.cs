namespace Dragonet.Net;

/// <summary>Who tells routers and switches what an interface wants to hear (IGMP, MLD).</summary>
public interface IGroupReporter
{
    /// <summary>What sockets want of a group on an interface has changed. Groups of the stack itself (<see cref="GroupEntry.IsOwn"/>) are not
    /// told here: they follow the interface's addresses.</summary>
    /// <param name="link">The interface; it may be down.</param>
    /// <param name="group">The group.</param>
    /// <param name="before">What was wanted.</param>
    /// <param name="now">What is wanted; <see cref="GroupFilter.Nobody"/> when the group was left.</param>
    void OnChanged(Interface link, IPAddress group, GroupFilter before, GroupFilter now);
}
