using Dragonet.Base;
using Dragonet.Kernel;
using Dragonet.Linux.Inet;
using Dragonet.UserNet;

namespace Dragonet;

/// <summary>The parameters net, net.allow and net.publish of a jail.</summary>
internal sealed class JailNetworks(Kernel.Kernel kernel, KernelCaller caller, JailLocal<NetworkStack> stacks, UserNetwork? network)
{
    /// <summary>Gives a new jail the way outside when it asks for it. Says what is wrong, or null.</summary>
    internal string? Furnish(Jail jail)
    {
        var (allowed, published) = (Split(jail.GetText(JailParameters.NetAllow)), Split(jail.GetText(JailParameters.NetPublish)));
        if (jail.GetText(JailParameters.Net) == "none")
        {
            return allowed.Length + published.Length > 0 ? "net.allow and net.publish need net=user" : null;
        }

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
        try
        {
            new ResolverFile(kernel, caller, network.ResolverText).Show(jail.Mounts);
        }
        catch (DragonetException failure)
        {
            return failure.Message;
        }

        return null;
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
