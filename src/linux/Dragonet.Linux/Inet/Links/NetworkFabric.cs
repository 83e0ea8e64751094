using System.Collections.Concurrent;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>
/// The links between the stacks of one kernel: which interface is where, and where it is at home. Makes, moves and removes them, and tells
/// who listens when one comes or goes; who makes one says so when it is as it shall be (<see cref="Announce"/>). Each stack is entered by
/// itself, one after the other, so nothing here may be called inside <see cref="NetworkStack.Enter"/>.
/// </summary>
public sealed class NetworkFabric(string identity)
{
    private readonly KernelLock _lock = new(LockRank.NetworkFabric);
    private readonly ConcurrentDictionary<Interface, Place> _places = []; // changed under _lock

    /// <summary>Links that there are: pairs and bridges.</summary>
    public int Count
    {
        get
        {
            using (_lock.Enter())
            {
                return _places.Keys.Select(link => (object?)(link as EthernetInterface)?.Pair ?? link).Distinct().Count();
            }
        }
    }

    /// <summary>The MAC address of an interface that is made in a jail: the same whenever it is made.</summary>
    public EthernetAddress AddressFor(IJail jail, string name) => EthernetAddress.Derive($"{identity}\0{jail.Name}\0{name}");

    /// <summary>Makes a pair of interfaces with a wire between them, down and without addresses. Each is at home where it is made.</summary>
    /// <returns>EEXIST when a name is taken; EINVAL when it is none.</returns>
    public Result<Epair> CreatePair(NetworkStack stackA, string nameA, NetworkStack stackB, string nameB, int mtu = 1500, bool byGuest = false)
    {
        if (!LinkNames.IsName(nameA) || !LinkNames.IsName(nameB))
        {
            return Errno.EINVAL;
        }

        var pair = new Epair(nameA, AddressFor(stackA.Jail, nameA), nameB, AddressFor(stackB.Jail, nameB), mtu);
        using (_lock.Enter())
        {
            var error = Attach(pair.A, stackA);
            if (error != Errno.OK)
            {
                return error;
            }

            error = Attach(pair.B, stackB);
            if (error != Errno.OK)
            {
                Detach(pair.A, stackA);
                return error;
            }

            _places[pair.A] = new Place(stackA, stackA, nameA, byGuest);
            _places[pair.B] = new Place(stackB, stackB, nameB, byGuest);
            return pair;
        }
    }

    /// <summary>Makes a bridge in a stack, without ports and up.</summary>
    public Result<Bridge> CreateBridge(NetworkStack stack, string name, int mtu = 1500, bool byGuest = false)
    {
        if (!LinkNames.IsName(name))
        {
            return Errno.EINVAL;
        }

        using (_lock.Enter())
        {
            Bridge bridge;
            using (stack.Enter())
            {
                if (stack.HasEnded)
                {
                    return Errno.EBUSY;
                }

                if (stack.Stack.FindInterface(name) is not null)
                {
                    return Errno.EEXIST;
                }

                bridge = new Bridge(stack.Stack, name, AddressFor(stack.Jail, name), mtu);
                bridge.Interface.IsUp = true;
            }

            _places[bridge.Interface] = new Place(stack, stack, name, byGuest);
            return bridge;
        }
    }

    /// <summary>Makes an interface that leads nowhere, for a guest (ip-link(8), "dummy").</summary>
    public Result<EthernetInterface> CreateDummy(NetworkStack stack, string name) => CreateLink(stack, name, null, byGuest: true);

    /// <summary>Makes an interface whose frames go to a delegate, or nowhere.</summary>
    public Result<EthernetInterface> CreateLink(NetworkStack stack, string name, FrameHandler? transmit, bool byGuest = false)
    {
        if (!LinkNames.IsName(name))
        {
            return Errno.EINVAL;
        }

        using (_lock.Enter())
        {
            EthernetInterface link;
            using (stack.Enter())
            {
                if (stack.HasEnded || stack.Stack.FindInterface(name) is not null)
                {
                    return stack.HasEnded ? Errno.EBUSY : Errno.EEXIST;
                }

                link = new EthernetInterface(stack.Stack, name, AddressFor(stack.Jail, name), transmit);
            }

            _places[link] = new Place(stack, stack, name, byGuest);
            return link;
        }
    }

    /// <summary>Makes an interface for one virtual network of another one, for a guest (ip-link(8), "vlan").</summary>
    /// <returns>ENODEV when the other one is not there; otherwise as <see cref="VlanLink.Create"/>.</returns>
    public Result<EthernetInterface> CreateVlan(NetworkStack stack, string name, EthernetInterface lower, int number)
    {
        if (!LinkNames.IsName(name))
        {
            return Errno.EINVAL;
        }

        using (_lock.Enter())
        {
            VlanLink? made;
            using (stack.Enter())
            {
                if (stack.HasEnded || !stack.Stack.Interfaces.Contains(lower))
                {
                    return stack.HasEnded ? Errno.EBUSY : Errno.ENODEV;
                }

                if (!VlanLink.Create(lower, number, name).Ok(out made, out var error))
                {
                    return error;
                }
            }

            _places[made.Interface] = new Place(stack, stack, name, ByGuest: true);
            return made.Interface;
        }
    }

    /// <summary>Moves an interface to another stack, where it is down and has no address (if_vmove of FreeBSD).</summary>
    /// <returns>ENODEV when it is not there; EINVAL for what cannot move; EEXIST when the name is taken there, or it is there; EBUSY when that jail ends.</returns>
    public Errno Move(NetworkStack from, string name, NetworkStack to, string? newName = null)
    {
        if (newName is not null && !LinkNames.IsName(newName))
        {
            return Errno.EINVAL;
        }

        using (_lock.Enter())
        {
            if (FindLocked(from, name) is not { } link)
            {
                using (from.Enter())
                {
                    return from.Stack.FindInterface(name) is null ? Errno.ENODEV : Errno.EINVAL;
                }
            }

            if (link is EthernetInterface { Bridge: not null } or EthernetInterface { Vlan: not null })
            {
                return Errno.EINVAL;
            }

            return from == to ? Errno.EEXIST : MoveLocked(link, to, newName ?? name);
        }
    }

    /// <summary>Makes an interface whose other side is a program (tun.txt of Linux' documentation), down and without addresses.</summary>
    /// <param name="stack">Where.</param>
    /// <param name="pattern">Its name, or with "%d" for the first free number.</param>
    /// <param name="isTap">It carries Ethernet frames, not IP packets.</param>
    /// <param name="driver">The other side.</param>
    /// <param name="transmit">Takes what the stack sends.</param>
    internal Result<Interface> CreateTun(NetworkStack stack, string pattern, bool isTap, ILinkDriver driver, FrameHandler transmit)
    {
        using (_lock.Enter())
        {
            Interface link;
            using (stack.Enter())
            {
                var name = LinkNames.Choose(stack.Stack, pattern);
                if (stack.HasEnded || !LinkNames.IsName(name) || stack.Stack.FindInterface(name) is not null)
                {
                    return stack.HasEnded ? Errno.EBUSY : LinkNames.IsName(name) ? Errno.EEXIST : Errno.EINVAL;
                }

                if (stack.Stack.Interfaces.Count >= LinkNames.MaxLinks)
                {
                    return Errno.ENFILE;
                }

                link = isTap ? new EthernetInterface(stack.Stack, name, AddressFor(stack.Jail, name), transmit) : new PointToPointInterface(stack.Stack, name, 1500, transmit);
                link.Driver = driver;
            }

            _places[link] = new Place(stack, stack, link.Name, ByGuest: true);
            return link;
        }
    }

    /// <summary>Tells who listens where an interface is that it is there.</summary>
    public void Announce(Interface link)
    {
        using (_lock.Enter())
        {
            if (_places.TryGetValue(link, out var place))
            {
                Tell(link, place.Stack, isGone: false);
            }
        }
    }

    /// <summary>Removes an interface that may have gone, moved or got another name meanwhile.</summary>
    internal void Destroy(Interface link)
    {
        using (_lock.Enter())
        {
            if (_places.ContainsKey(link))
            {
                DestroyLocked(link);
            }
        }
    }

    /// <summary>Removes a pair or a bridge, by the name of one end.</summary>
    public Errno Destroy(NetworkStack stack, string name)
    {
        using (_lock.Enter())
        {
            if (FindLocked(stack, name) is not { } link)
            {
                return Errno.ENODEV;
            }

            DestroyLocked(link);
            return Errno.OK;
        }
    }

    /// <summary>The stack in which an end of a pair, or a bridge, is now; null for other interfaces. May be called inside a stack.</summary>
    public NetworkStack? PlaceOf(Interface link) => _places.TryGetValue(link, out var place) ? place.Stack : null;

    /// <summary>True for what a guest has made, and may remove. May be called inside a stack.</summary>
    public bool IsByGuest(Interface link) => _places.TryGetValue(link, out var place) && place.ByGuest;

    /// <summary>The name of the jail of that stack.</summary>
    public string? JailOf(Interface link) => PlaceOf(link)?.Jail.Name;

    /// <summary>A stack ends: what is at home elsewhere goes there, with its name; the rest is removed, pairs with both ends.</summary>
    internal void OnEnd(NetworkStack stack)
    {
        using (_lock.Enter())
        {
            stack.BeginEnd();
            foreach (var (link, place) in _places.Where(pair => pair.Value.Stack == stack).OrderBy(pair => pair.Key.Index).ToArray())
            {
                if (!_places.ContainsKey(link))
                {
                    continue; // it went with the other end of its pair, or with what it was on
                }

                if (place.Home == stack || place.Home.HasEnded || GoHomeLocked(link, place) != Errno.OK)
                {
                    DestroyLocked(link);
                }
            }

            // What was at home here and is elsewhere is at home where it is.
            foreach (var (link, place) in _places.Where(pair => pair.Value.Home == stack).ToArray())
            {
                _places[link] = new Place(place.Stack, place.Stack, link.Name, place.ByGuest);
            }
        }
    }

    private Errno GoHomeLocked(Interface link, Place place)
    {
        var error = MoveLocked(link, place.Home, place.HomeName);
        for (var number = 1; error == Errno.EEXIST && number < 1000; number++)
        {
            // Its name was taken meanwhile.
            error = MoveLocked(link, place.Home, LinkNames.Numbered(place.HomeName, number));
        }

        return error;
    }

    private Errno MoveLocked(Interface link, NetworkStack to, string name)
    {
        var (place, oldName) = (_places[link], link.Name);
        RemoveVlansLocked(link);
        using (to.Enter())
        {
            if (to.HasEnded)
            {
                return Errno.EBUSY;
            }

            if (to.Stack.FindInterface(name) is not null)
            {
                return Errno.EEXIST;
            }
        }

        Tell(link, place.Stack, isGone: true);
        Detach(link, place.Stack);
        link.Rename(name);
        var error = Attach(link, to);
        if (error != Errno.OK)
        {
            // Somebody took the name in between: it goes back to where it was.
            link.Rename(oldName);
            if (Attach(link, place.Stack) != Errno.OK)
            {
                DestroyLocked(link);
                return error;
            }

            Tell(link, place.Stack, isGone: false);
            return error;
        }

        _places[link] = place with { Stack = to };
        Tell(link, to, isGone: false);
        return Errno.OK;
    }

    private void DestroyLocked(Interface link)
    {
        foreach (var end in (link as EthernetInterface)?.Pair is { } pair ? [pair.A, pair.B] : new[] { link })
        {
            RemoveVlansLocked(end);
            if (_places.TryGetValue(end, out var there))
            {
                Tell(end, there.Stack, isGone: true);
            }

            if ((end as EthernetInterface)?.Bridge is { } bridge && _places.TryGetValue(end, out var place))
            {
                using (place.Stack.Enter())
                {
                    bridge.Delete();
                }
            }
            else if (_places.TryGetValue(end, out place))
            {
                Detach(end, place.Stack);
            }

            _ = _places.TryRemove(end, out _);
            end.Driver?.OnRemoved();
        }
    }

    /// <summary>What an interface carries does not move with it.</summary>
    private void RemoveVlansLocked(Interface link)
    {
        foreach (var vlan in (link as EthernetInterface)?.Vlans ?? [])
        {
            DestroyLocked(vlan.Interface);
        }
    }

    private static void Tell(Interface link, NetworkStack stack, bool isGone)
    {
        using (stack.Enter())
        {
            // What could not be put back where it was is nowhere.
            if (stack.Stack.Interfaces.Contains(link))
            {
                stack.Events.Link(link, isGone);
            }
        }
    }

    private static Errno Attach(Interface link, NetworkStack stack)
    {
        using (stack.Enter())
        {
            return stack.HasEnded ? Errno.EBUSY : stack.Stack.Attach(link);
        }
    }

    private static void Detach(Interface link, NetworkStack stack)
    {
        using (stack.Enter())
        {
            _ = stack.Stack.Detach(link);
        }
    }

    private Interface? FindLocked(NetworkStack stack, string name)
    {
        using (stack.Enter())
        {
            return stack.Stack.FindInterface(name) is { } link && _places.ContainsKey(link) ? link : null;
        }
    }

    private sealed record Place(NetworkStack Stack, NetworkStack Home, string HomeName, bool ByGuest);
}
