using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.Net;
using Dragonet.UserNet;

namespace Dragonet;

/// <summary>The parameters net, net.allow, net.publish and vnet.interface of a jail.</summary>
internal sealed class JailNetworks(Kernel.Kernel kernel, KernelCaller caller, JailLocal<NetworkStack> stacks, UserNetwork? network, LocalNetworks locals)
{
    /// <summary>Gives a new jail what it asks for. Says what is wrong, or null.</summary>
    internal string? Furnish(Jail jail)
    {
        var (allowed, published) = (Split(jail.GetText(JailParameters.NetAllow)), Split(jail.GetText(JailParameters.NetPublish)));
        var net = jail.GetText(JailParameters.Net);
        try
        {
            if (net != "user" && allowed.Length + published.Length > 0)
            {
                return "net.allow and net.publish need net=user";
            }

            if (jail.SharesNetwork)
            {
                return net != "none" || jail.Has(JailParameters.Vnet) || jail.GetText(JailParameters.VnetInterface).Length > 0
                    ? "ip4 and ip6 are for jails without vnet and net" : Share(jail);
            }

            var wrong = net switch
            {
                "none" => null,
                "user" => ConnectOutside(jail, allowed, published),
                _ => locals.Join(jail, net),
            };
            return wrong ?? TakeInterfaces(jail);
        }
        catch (DragonetException failure)
        {
            return failure.Message;
        }
    }

    /// <summary>What is wrong with other addresses of a jail that shares a stack, or null.</summary>
    internal string? Check(Jail jail, Func<JailParameter, string> text)
    {
        var (network, above) = (jail.Get(stacks), jail.Parent!.Get(stacks));
        var wanted = JailAddresses.Read(jail, text, above.Addresses, out var why);
        return why ?? Rival(jail, network, wanted, text) ?? Orphan(jail, wanted) ?? NoLink(jail, text);
    }

    /// <summary>Gives a jail, and those in it that have what it has, the addresses that its parameters say now.</summary>
    internal void Change(Jail jail)
    {
        if (!jail.SharesNetwork || jail.IsGone)
        {
            return;
        }

        var network = jail.Get(stacks);
        if (JailAddresses.Read(jail, jail.Parent!.Get(stacks).Addresses, out _) is { } wanted)
        {
            using (network.Enter())
            {
                network.Addresses!.Replace(wanted);
                network.ReturnUnused();
            }

            if (Lend(jail, network) is { } why)
            {
                kernel.Log.Write(4, $"jail {jail.Name}: {why}");
            }
        }

        foreach (var child in Below(jail))
        {
            Change(child);
        }
    }

    private IEnumerable<Jail> Below(Jail jail) => kernel.Jails.List().Where(other => other.Parent == jail && other.SharesNetwork);

    /// <summary>Gives a jail its addresses of the stack of the jail it is in: those that are not there are added. Says what is wrong, or null.</summary>
    private string? Share(Jail jail) => Check(jail, jail.GetText) ?? Lend(jail, jail.Get(stacks));

    private static string? Lend(Jail jail, NetworkStack network)
    {
        using (network.Enter())
        {
            foreach (var (name, address, length) in JailAddresses.Listed(jail.GetText))
            {
                // The whole of a network on lo is this machine: one address is.
                var link = network.Stack.Interfaces.FirstOrDefault(link => link.Name == name);
                var error = link is null ? Errno.ENODEV : network.Lend(link, new Prefix(address, link.IsLoopback ? address.Bits : length));
                if (error != Errno.OK)
                {
                    return $"{address}: {error}";
                }
            }
        }

        return null;
    }

    private string? NoLink(Jail jail, Func<JailParameter, string> text)
    {
        var network = jail.Get(stacks);
        using (network.Enter())
        {
            return JailAddresses.Listed(text).Where(one => network.Stack.Interfaces.All(link => link.Name != one.Link))
                .Select(one => $"{one.Address}: no interface {one.Link} in jail {jail.Parent!.Name}").FirstOrDefault();
        }
    }

    /// <summary>An address stays while a jail in this one names it.</summary>
    private string? Orphan(Jail jail, AddressSet wanted)
        => Below(jail).SelectMany(child => JailAddresses.Listed(child.GetText).Where(one => !wanted.Contains(one.Address)).Select(one => $"{(one.Address.IsV4 ? "ip4" : "ip6")}.addr: jail \"{child.Name}\" has {one.Address}"))
            .FirstOrDefault();

    /// <summary>An address of two jails is for those with no other one (jail(8), "ip4.addr").</summary>
    private string? Rival(Jail jail, NetworkStack network, AddressSet wanted, Func<JailParameter, string> text)
    {
        foreach (var other in kernel.Jails.List().Where(other => other != jail && other.SharesNetwork && other.Get(stacks) is var near && near.Stack == network.Stack && !other.Contains(jail) && !jail.Contains(other)))
        {
            foreach (var isV4 in (ReadOnlySpan<bool>)[true, false])
            {
                var family = isV4 ? JailParameters.Ip4 : JailParameters.Ip6;
                if (text(family) == "new" && other.GetText(family) == "new" && wanted.Of(isV4) is { } own && other.Get(stacks).Addresses!.Of(isV4) is { } others && (own.Count > 1 || others.Count > 1)
                    && own.FirstOrDefault(others.Contains) is var both && others.Contains(both))
                {
                    return $"{(isV4 ? "ip4" : "ip6")}.addr: jail \"{other.Name}\" has {both}";
                }
            }
        }

        return null;
    }

    private string? ConnectOutside(Jail jail, string[] allowed, string[] published)
    {
        if (network is null)
        {
            return "net=user: the kernel was booted without a network ('dragonet boot --net user')";
        }

        if (jail.Parent != kernel.Jails.Root)
        {
            return "net=user: only for jails in jail 0";
        }

        var rules = allowed is [] ? network.Rules : allowed is ["none"] ? [] : [.. allowed.Select(EgressRule.Parse).OfType<EgressRule>()];
        if (allowed is not (["none"] or []) && allowed.FirstOrDefault(text => EgressRule.Parse(text) is null) is { } wrong)
        {
            return UserNetwork.WrongRule(wrong);
        }

        var ports = new List<OpenPort>();
        if (network.Open(published, ports) is { } why)
        {
            return why;
        }

        network.Equip(jail, jail.Get(stacks), rules, ports);
        new EtcFile(kernel, caller, UserNetwork.ResolverFile, network.ResolverText).Show(jail.Mounts);
        return null;
    }

    private string? TakeInterfaces(Jail jail)
    {
        foreach (var name in Split(jail.GetText(JailParameters.VnetInterface)))
        {
            var stack = jail.Get(stacks);
            if (jail.Parent!.Get(stacks).IsShared)
            {
                return $"vnet.interface={name}: jail {jail.Parent.Name} has no interfaces of its own";
            }

            var error = stack.Fabric.Move(jail.Parent!.Get(stacks), name, stack);
            if (error != Errno.OK)
            {
                return $"vnet.interface={name}: " + error switch
                {
                    Errno.ENODEV => $"no such interface in jail {jail.Parent.Name}",
                    Errno.EEXIST => "the jail has one of this name",
                    Errno.EINVAL => "it cannot move",
                    _ => error.ToString(),
                };
            }
        }

        return null;
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
