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

    /// <summary>Gives a jail its addresses of the stack of the jail it is in: those that are not there are added. Says what is wrong, or null.</summary>
    private string? Share(Jail jail)
    {
        var (network, above) = (jail.Get(stacks), jail.Parent!.Get(stacks));
        _ = JailAddresses.Read(jail, above.Addresses, out var why);
        why ??= Rival(jail, network);
        if (why is not null)
        {
            return why;
        }

        using (network.Enter())
        {
            foreach (var (name, address, length) in JailAddresses.Listed(jail, isV4: true).Concat(JailAddresses.Listed(jail, isV4: false)))
            {
                var link = network.Stack.Interfaces.FirstOrDefault(link => link.Name == (name ?? "lo"));
                if (link is null)
                {
                    return $"{address}: no interface {name ?? "lo"} in jail {jail.Parent.Name}";
                }

                if (address.IsLoopback ? network.Stack.IsLocal(address) : network.Stack.FindInterfaceOf(address) is not null)
                {
                    continue;
                }

                // The whole of a network on lo is this machine: one address is.
                var error = network.Lend(link, new Prefix(address, link.IsLoopback ? address.Bits : length));
                if (error != Errno.OK)
                {
                    return $"{address}: {error}";
                }
            }
        }

        return null;
    }

    /// <summary>An address of two jails is for those with no other one (jail(8), "ip4.addr").</summary>
    private string? Rival(Jail jail, NetworkStack network)
    {
        foreach (var other in kernel.Jails.List().Where(other => other != jail && other.SharesNetwork && other.Get(stacks) is var near && near.Stack == network.Stack && !other.Contains(jail)))
        {
            foreach (var isV4 in (ReadOnlySpan<bool>)[true, false])
            {
                var family = isV4 ? JailParameters.Ip4 : JailParameters.Ip6;
                if (jail.GetText(family) == "new" && other.GetText(family) == "new" && network.Addresses!.Of(isV4) is { } own && other.Get(stacks).Addresses!.Of(isV4) is { } others && (own.Count > 1 || others.Count > 1)
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
