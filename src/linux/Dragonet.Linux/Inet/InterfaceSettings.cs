using System.Globalization;
using Dragonet.Abi;
using Dragonet.Net;

namespace Dragonet.Linux.Inet;

/// <summary>net.ipv4.conf and net.ipv6.conf of one stack (Documentation/networking/ip-sysctl.rst of Linux): "all" is every interface, "default"
/// what those that come later begin with. Inside the stack.</summary>
internal sealed class InterfaceSettings
{
    private const string All = "all";
    private const string Default = "default";

    private readonly Stack _stack;
    private readonly Dictionary<string, int> _first = []; // what new interfaces begin with
    private readonly Dictionary<string, int> _all = [];   // what was written to "all"

    public InterfaceSettings(Stack stack)
    {
        _stack = stack;
        stack.Options.InterfaceAdded += OnAdded;
    }

    /// <summary>The text of ipvN/conf/INTERFACE/NAME, or null.</summary>
    public string? Read(string path) => Split(path, out var family, out var link, out var name) && Find(link, out var found)
        ? Read(family, link, name, found)?.ToString(CultureInfo.InvariantCulture) : null;

    /// <summary>Takes what is written.</summary>
    public Errno Write(string path, string text)
    {
        if (!Split(path, out var family, out var link, out var name) || !Find(link, out var found) || Read(family, link, name, found) is null)
        {
            return Errno.EPERM;
        }

        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            return Errno.EINVAL;
        }

        if (name == "hop_limit" && value is < 1 or > 255)
        {
            return Errno.EINVAL; // addrconf_sysctl_hop_limit of Linux
        }

        if (link == Default)
        {
            _first[family + name] = value;
            return Errno.OK;
        }

        if (link == All)
        {
            _all[family + name] = value;
            if (name == "forwarding")
            {
                SetRouter(family, value != 0);
            }
            else if (name == "arp_ignore")
            {
                _stack.Options.ArpIgnore = value; // a word beside those of the interfaces: the larger one counts
                return Errno.OK;
            }
            else if (name == "arp_announce")
            {
                _stack.Options.ArpAnnounce = value;
                return Errno.OK;
            }
        }

        foreach (var one in found is null ? _stack.Interfaces : [found])
        {
            Set(one, family, name, value);
            if (name == "forwarding" && one is EthernetInterface ethernet)
            {
                Listen(ethernet);
            }
        }

        return Errno.OK;
    }

    private static bool Split(string path, out string family, out string link, out string name)
    {
        var parts = path.Split('/');
        (family, link, name) = parts.Length == 4 && parts[1] == "conf" ? (parts[0], parts[2], parts[3]) : ("", "", "");
        return name.Length > 0;
    }

    private static void Set(Interface link, string family, string name, int value)
    {
        switch (family, name)
        {
            case ("ipv4", "forwarding"):
                link.ForwardsV4 = value != 0;
                break;
            case ("ipv6", "forwarding"):
                link.ForwardsV6 = value != 0;
                break;
            case ("ipv4", "arp_ignore"):
                link.ArpIgnore = value;
                break;
            case ("ipv4", "arp_announce"):
                link.ArpAnnounce = value;
                break;
            case ("ipv4", "rp_filter"):
                link.ReversePath = value;
                break;
            case ("ipv6", "hop_limit"):
                link.HopLimitV6 = (byte)value;
                break;
            case ("ipv6", "disable_ipv6"):
                link.IsV6Disabled = value != 0;
                break;
            case ("ipv6", "accept_ra" or "autoconf") when link is EthernetInterface ethernet:
                ethernet.AdvertisementPolicy = value;
                Listen(ethernet);
                break;
        }
    }

    /// <summary>Who is a router takes no advertisements, unless it is told 2.</summary>
    private static void Listen(EthernetInterface link)
    {
        if ((link.AdvertisementPolicy == 2 || (link.AdvertisementPolicy == 1 && !link.Stack.IsRouter(link, isV4: false))) is var accepts && accepts != link.AcceptsAdvertisements)
        {
            link.AcceptsAdvertisements = accepts;
        }
    }

    private bool Find(string name, out Interface? link)
    {
        link = name is All or Default ? null : _stack.FindInterface(name);
        return link is not null || name is All or Default;
    }

    private int? Read(string family, string link, string name, Interface? found) => (family, name) switch
    {
        ("ipv4", "forwarding") => Number(found is null ? link == All ? _stack.Options.Forwards : First(family, name, _stack.Options.Forwards) : _stack.IsRouter(found, isV4: true)),
        ("ipv6", "forwarding") => Number(found is null ? (link == All ? null : First(family, name)) ?? _stack.Options.ForwardsV6 ?? _stack.Options.Forwards : _stack.IsRouter(found, isV4: false)),
        ("ipv4", "arp_ignore") => found?.ArpIgnore ?? Kept(link, family, name),
        ("ipv4", "arp_announce") => found?.ArpAnnounce ?? Kept(link, family, name),
        ("ipv4", "rp_filter") => found?.ReversePath ?? Kept(link, family, name),
        ("ipv6", "disable_ipv6") => found is null ? Kept(link, family, name) : Number(found.IsV6Disabled),
        ("ipv6", "accept_ra" or "autoconf") => found is null ? Kept(link, family, name) : (found as EthernetInterface)?.AdvertisementPolicy ?? 0,
        ("ipv6", "hop_limit") => found?.HopLimitV6 ?? (link == All ? _all : _first).GetValueOrDefault(family + name, 64),
        ("ipv6", "mtu") => found?.Mtu ?? 1280,
        _ => null,
    };

    private static int Number(bool value) => value ? 1 : 0;

    private int Kept(string link, string family, string name) => (link == All ? _all : _first).GetValueOrDefault(family + name);

    private bool? First(string family, string name) => _first.TryGetValue(family + name, out var value) ? value != 0 : null;

    private bool First(string family, string name, bool otherwise) => First(family, name) ?? otherwise;

    private void SetRouter(string family, bool value)
    {
        if (family == "ipv4")
        {
            _stack.Options.ForwardsV6 ??= _stack.Options.Forwards;
            _stack.Options.Forwards = value;
        }
        else
        {
            _stack.Options.ForwardsV6 = value;
        }
    }

    private void OnAdded(Interface link)
    {
        foreach (var (key, value) in _first)
        {
            Set(link, key[..4], key[4..], value);
        }
    }
}
