namespace Dragonet.Net;

/// <summary>A group that a stack listens to on an interface.</summary>
/// <param name="Group">The group.</param>
/// <param name="Users">How many want it: sockets, and the stack itself.</param>
/// <param name="Filter">From whom.</param>
/// <param name="IsOwn">The stack itself is a member: all systems, solicited nodes, routers.</param>
public readonly record struct GroupEntry(IPAddress Group, int Users, GroupFilter Filter, bool IsOwn);
