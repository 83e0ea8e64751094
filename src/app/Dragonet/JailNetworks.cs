using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
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
