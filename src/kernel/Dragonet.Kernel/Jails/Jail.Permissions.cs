using Dragonet.Base;

namespace Dragonet.Kernel;

/// <summary>What a jail's root may do of what CAP_SYS_ADMIN is on Linux: asked for one by one, each with its parameter.</summary>
public sealed partial class Jail
{
    /// <summary>sethostname(2), setdomainname(2).</summary>
    public bool MaySetNames(Credentials who) => MayAdminister(who, JailParameters.AllowSetHostName);

    /// <summary>mount(2), umount2(2): of any type, or none in particular. A jail that does not see its mounts may not change them either.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="over">The user namespace that the mounts belong to.</param>
    public bool MayMount(Credentials who, UserNamespace? over)
        => MayAdminister(who, JailParameters.AllowMount, over) && (Parent is null || _values.Number(JailParameters.EnforceStatfs) < 2);

    /// <summary>mount(2) of a type of file system; null for a directory on another (MS_BIND, MS_MOVE).</summary>
    public bool MayMount(Credentials who, UserNamespace? over, string? type) => MayMount(who, over) && (Parent is null || type switch
    {
        null or "nullfs" or "overlay" => Has(JailParameters.AllowMountNullfs),
        "tmpfs" or "ramfs" => Has(JailParameters.AllowMountTmpfs),
        "proc" => Has(JailParameters.AllowMountProcfs),
        "sysfs" => Has(JailParameters.AllowMountSysfs),
        "devtmpfs" or "devpts" => Has(JailParameters.AllowMountDevfs),
        _ => false,
    });

    /// <summary>True when it sees the mounts below its root (enforce_statfs).</summary>
    public bool SeesMounts => Parent is null || _values.Number(JailParameters.EnforceStatfs) < 2;

    /// <summary>unshare(2) and setns(2): CAP_SYS_ADMIN in a user namespace, which is harmless in a jail, too: what is done there is asked for again.</summary>
    internal bool MayChangeNamespace(Credentials who, UserNamespace? over)
        => who.HasOwn(Capability.CAP_SYS_ADMIN, over) && (Parent is null || Has(JailParameters.AllowSuser));

    private bool MayAdminister(Credentials who, JailParameter flag, UserNamespace? over = null) => Parent is null ? who.Has(Capability.CAP_SYS_ADMIN, over)
        : Has(flag) && Has(JailParameters.AllowSuser) && who.HasOwn(Capability.CAP_SYS_ADMIN, over);
}
