using System.Collections.Concurrent;
using Dragonet.Abi;

namespace Dragonet.Net;

/// <summary>Interfaces come and go, and frames come from other stacks.</summary>
public sealed partial class Stack
{
    private const int MaxBurst = 2048;
    private const long BurstTime = 1_000_000;

    private ConcurrentQueue<LinkInbox>? _arrived; // the one thing that other stacks touch
    private int _lastIndex;
    private long _burstStart;
    private int _burst; // frames taken since

    /// <summary>True when frames of other stacks wait: <see cref="Run"/> takes them.</summary>
    public bool HasArrivals => HasWaiting && !IsHeld;

    /// <summary>Frames that run in circles, where bridges make a loop and have no spanning tree, must not keep <see cref="Run"/> from returning.</summary>
    private bool IsHeld => _burst >= MaxBurst && Now - _burstStart < BurstTime;

    private bool HasWaiting => Volatile.Read(ref _arrived) is { IsEmpty: false };

    /// <summary>Who looks at what passes any interface.</summary>
    internal IFrameTap[] Taps { get; private set; } = [];

    /// <summary>Has everything shown to somebody that passes any interface, also those that come later, until <see cref="RemoveTap"/>.</summary>
    public void AddTap(IFrameTap tap) => Taps = [.. Taps, tap];

    /// <summary>Takes back <see cref="AddTap"/>.</summary>
    public void RemoveTap(IFrameTap tap) => Taps = [.. Taps.Where(other => other != tap)];

    /// <summary>The interface of a number, or null.</summary>
    public Interface? FindInterface(int index) => _interfaces.Find(link => link.Index == index);

    /// <summary>The interface of a name, or null.</summary>
    public Interface? FindInterface(string name) => _interfaces.Find(link => link.Name == name);

    /// <summary>The interface that has an address, or null; lo has all of its network.</summary>
    public Interface? FindInterfaceOf(IPAddress address) =>
        _interfaces.Find(link => link.AddressList.Exists(prefix => prefix.Address == address || (link.IsLoopback && prefix.Contains(address))));

    /// <summary>Takes an interface that belongs to no stack; it is down and has no address.</summary>
    /// <returns>EEXIST when one of the same name is here; EBUSY when it belongs to a stack.</returns>
    public Errno Attach(Interface link)
    {
        if (link.IsAttached)
        {
            return Errno.EBUSY;
        }

        if (FindInterface(link.Name) is not null)
        {
            return Errno.EEXIST;
        }

        Add(link);
        return Errno.OK;
    }

    /// <summary>Lets an interface go, with its addresses, routes and neighbours (if_vmove of FreeBSD; dev_change_net_namespace of Linux).</summary>
    /// <returns>EINVAL for lo; ENODEV when it is not here.</returns>
    public Errno Detach(Interface link)
    {
        if (link.IsLoopback)
        {
            return Errno.EINVAL;
        }

        if (!_interfaces.Remove(link))
        {
            return Errno.ENODEV;
        }

        Routes.RemoveAll(link);
        Groups.RemoveAll(link);
        _reports.Forget(link);
        link.OnDetached();
        return Errno.OK;
    }

    /// <summary>Gives an interface another name.</summary>
    public Errno Rename(Interface link, string name)
    {
        if (link.Name != name && FindInterface(name) is not null)
        {
            return Errno.EEXIST;
        }

        link.Name = name;
        return Errno.OK;
    }

    /// <summary>Frames came into an inbox; called by other stacks.</summary>
    internal void Announce(LinkInbox inbox)
    {
        (Volatile.Read(ref _arrived) ?? Interlocked.CompareExchange(ref _arrived, new(), null) ?? _arrived).Enqueue(inbox);
        Options.Arrived?.Invoke();
    }

    internal void Add(Interface link)
    {
        _interfaces.Add(link);
        link.OnAttached(this, ++_lastIndex);
        Options.InterfaceAdded?.Invoke(link);
    }

    private bool DeliverArrived()
    {
        if (IsHeld || Volatile.Read(ref _arrived) is not { } arrived || !arrived.TryDequeue(out var inbox))
        {
            return false;
        }

        if (Now - _burstStart >= BurstTime)
        {
            (_burstStart, _burst) = (Now, 0);
        }

        _burst += inbox.Deliver(this);
        return true;
    }
}
