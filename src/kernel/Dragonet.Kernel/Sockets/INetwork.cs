using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>What others ask of a network stack that was added to a kernel.</summary>
public interface INetwork
{
    /// <summary>The text of a file of /proc/net as a caller's jail sees it; null for one that the stack does not know.</summary>
    string? Read(ICaller caller, string file);

    /// <summary>A file of /proc/sys/net as a caller's jail sees it, without its end of line; null for one that the stack does not know.</summary>
    string? ReadSetting(ICaller caller, string name);

    /// <summary>Changes it: EINVAL for what it does not take, EPERM without CAP_NET_ADMIN.</summary>
    Errno WriteSetting(ICaller caller, string name, string text);

    /// <summary>Names of the interfaces that a caller's jail has.</summary>
    IReadOnlyList<string> ListInterfaces(ICaller caller);

    /// <summary>A file of /sys/class/net/NAME, without its end of line; null for one that the interface does not have.</summary>
    string? ReadInterface(ICaller caller, string name, string file);

    /// <summary>Changes it: EPERM without CAP_NET_ADMIN, EINVAL for what it does not take.</summary>
    Errno WriteInterface(ICaller caller, string name, string file, string text);

    /// <summary>ioctl(2) about interfaces (netdevice(7)), which sockets of every family take. ENOTTY for other requests.</summary>
    SysResult Ioctl(ICaller caller, uint request, ulong argument);

    /// <summary>How many objects of each kind the stacks of these jails have, for the census.</summary>
    IReadOnlyList<KeyValuePair<string, long>> Count(IEnumerable<Jail> jails);
}
