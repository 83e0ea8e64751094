using Dragonet.Cli.Jails.Configuration;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>Which parameters of a jail.conf(5) are the kernel's.</summary>
internal static class JailSettings
{
    /// <summary>Ours to do, around the jail (jail(8), "Pseudo-parameters").</summary>
    private static readonly string[] s_ours = ["depend", "command", "mount", "mount.fstab", "stop.timeout", "allow.dying", "host"];

    /// <summary>Done anyway, or without a meaning here; docs/differences-from-freebsd-jails.md says which.</summary>
    private static readonly string[] s_without =
    [
        "mount.devfs", "mount.fdescfs", "mount.procfs", "mount.linprocfs", "mount.linsysfs", "devfs_ruleset", "vnet", "vnet.interface", "ip_hostname",
        "host.hostuuid", "host.hostid", "osreldate", "cpuset.id", "linux", "linux.osname", "linux.osrelease",
        "allow.sysvipc", "allow.quotas", "allow.socket_af", "allow.nfsd", "allow.vmm", "allow.extattr", "allow.adjtime", "allow.routing", "allow.setaudit",
        "allow.unprivileged_parent_tampering", "allow.mount.fdescfs", "allow.mount.fusefs", "allow.mount.linprocfs", "allow.mount.zfs",
    ];

    internal static List<ControlSetting> Of(JailDefinition jail)
        => [.. jail.Values.Where(pair => IsKernels(pair.Key)).Select(pair => new ControlSetting { Name = pair.Key, Value = pair.Value is null ? null : string.Join(",", pair.Value) })];

    private static bool IsKernels(string name)
    {
        var last = name.LastIndexOf('.') + 1;
        var positive = name[last..].StartsWith("no", StringComparison.Ordinal) ? name[..last] + name[(last + 2)..] : name;
        return !name.StartsWith('$') && !name.StartsWith("exec.", StringComparison.Ordinal) && !s_ours.Contains(name) && !s_without.Contains(name) && !s_without.Contains(positive);
    }
}
