using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Net;

namespace Dragonet;

/// <summary>
/// The networks that jails join by name (net=NAME): each is a bridge in jail 0, with an address of jail 0 in it and a pair of interfaces for
/// each jail. The first jail makes its network, the last one ends it, unless somebody made the bridge by hand.
/// </summary>
internal sealed class LocalNetworks
{
    private const int MaxName = 8; // a port is called NAME.JID, in 15 bytes

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LocalNetwork> _networks = []; // guarded by _lock
    private readonly Kernel.Kernel _kernel;
    private readonly KernelCaller _caller;
    private readonly JailLocal<NetworkStack> _stacks;
    private readonly UserNetwork? _outside;

    internal LocalNetworks(Kernel.Kernel kernel, KernelCaller caller, JailLocal<NetworkStack> stacks, UserNetwork? outside)
    {
        (_kernel, _caller, _stacks, _outside) = (kernel, caller, stacks, outside);
        kernel.Jails.Changed += (jail, what) =>
        {
            if (what == JailEvent.Gone && IsName(jail.GetText(JailParameters.Net).Split(',')[0]))
            {
                Leave(jail);
            }
        };
        var root = RootStack;
        if (outside is not null)
        {
            // Jail 0 is the router between networks and the outside, and not between two networks.
            root.Stack.Options.Forwards = true;
            root.Stack.Options.MayForward = static (from, to) => (from.Name == "eth0") != (to.Name == "eth0");
        }
    }

    private NetworkStack RootStack => _kernel.Jails.Root.Get(_stacks);

    /// <summary>Gives a jail eth0 in a network: "NAME" or "NAME,ADDR[/LEN]". Says what is wrong, or null.</summary>
    internal string? Join(Jail jail, string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var name = parts[0];
        if (!IsName(name) || parts.Length > 2)
        {
            return $"net={text}: write none, user, NAME or NAME,ADDR[/LEN]; a name has at most {MaxName} letters and digits";
        }

        lock (_lock)
        {
            if (!_networks.TryGetValue(name, out var network))
            {
                if (!Make(name, out network, out var why))
                {
                    return why;
                }

                _networks.Add(name, network);
            }

            var wrong = network.Choose(parts.Length == 2 ? parts[1] : null, jail.Name, out var address) ?? Connect(jail, network, address);
            if (wrong is not null)
            {
                network.Members.Remove(jail.Id);
                EndIfUnused(network);
                return $"net={text}: {wrong}";
            }

            network.Members[jail.Id] = (jail.Name, address);
            network.Hosts.Write(network.HostsText);
            network.Hosts.Show(jail.Mounts);
            if (_outside is not null)
            {
                new EtcFile(_kernel, _caller, UserNetwork.ResolverFile, _outside.ResolverText).Show(jail.Mounts);
            }

            return null;
        }
    }

    private void Leave(Jail jail)
    {
        lock (_lock)
        {
            foreach (var network in _networks.Values.Where(network => network.Members.Remove(jail.Id)).ToArray())
            {
                network.Hosts.Write(network.HostsText);
                EndIfUnused(network);
            }
        }
    }

    private void EndIfUnused(LocalNetwork network)
    {
        if (network.Members.Count == 0)
        {
            _ = _networks.Remove(network.Name);
            if (network.IsOurs)
            {
                _ = RootStack.Fabric.Destroy(RootStack, network.Name);
            }
        }
    }

    /// <summary>Makes a network, of a bridge that is there or a new one.</summary>
    private bool Make(string name, out LocalNetwork network, out string? why)
    {
        network = null!;
        why = null;
        var root = RootStack;
        var hosts = new EtcFile(_kernel, _caller, "/etc/hosts", "");
        var isOurs = root.Fabric.CreateBridge(root, name, Epair.MaxMtu).Ok(out var bridge, out var error);
        using (root.Enter())
        {
            if (!isOurs)
            {
                if (error != Errno.EEXIST || root.Stack.FindInterface(name) is not EthernetInterface { Bridge: { } there })
                {
                    why = $"net={name}: {(error == Errno.EEXIST ? "jail 0 has an interface of this name that is no bridge" : error.ToString())}";
                    return false;
                }

                bridge = there;
            }

            var own = bridge!.Interface;
            var number = Enumerable.Range(0, 256).First(each => _networks.Values.All(other => other.Number != each));
            network = new LocalNetwork(name, number, own, isOurs, hosts);
            if (own.Addresses.Count == 0)
            {
                _ = own.AddAddress(network.V4);
                _ = own.AddAddress(network.V6);
            }
            else
            {
                network.V4 = own.Addresses.FirstOrDefault(static prefix => prefix.Address.IsV4, network.V4);
                network.V6 = own.Addresses.FirstOrDefault(static prefix => !prefix.Address.IsV4, network.V6);
            }

            own.IsUp = true;
            return true;
        }
    }

    private string? Connect(Jail jail, LocalNetwork network, Prefix address)
    {
        var (root, stack) = (RootStack, jail.Get(_stacks));
        if (!root.Fabric.CreatePair(root, $"{network.Name}.{jail.Id.ToString(CultureInfo.InvariantCulture)}", stack, "eth0", Epair.MaxMtu).Ok(out var pair, out var error))
        {
            return error.ToString();
        }

        using (root.Enter())
        {
            error = network.Interface.Bridge!.Add(pair.A).Ok(out _, out var failure) ? Errno.OK : failure;
            pair.A.IsUp = error == Errno.OK;
        }

        if (error != Errno.OK)
        {
            _ = root.Fabric.Destroy(root, pair.A.Name);
            return error.ToString();
        }

        root.Fabric.Announce(pair.A); // nobody listens in a jail that is just being made
        using (stack.Enter())
        {
            pair.B.IsUp = true;
            _ = pair.B.AddAddress(address);
            if (network.V6Of(address) is { } v6)
            {
                _ = pair.B.AddAddress(v6);
            }

            if (_outside is not null)
            {
                stack.Stack.Routes.Add(new Route(Prefix.Parse("0.0.0.0/0"), pair.B, network.V4.Address));
                stack.Stack.Routes.Add(new Route(Prefix.Parse("::/0"), pair.B, network.V6.Address));
            }
        }

        return null;
    }

    private static bool IsName(string name)
        => name.Length is > 0 and <= MaxName && char.IsAsciiLetter(name[0]) && name.All(char.IsAsciiLetterOrDigit) && name is not ("none" or "user" or "lo" or "eth0" or "inherit" or "disable" or "new");
}
