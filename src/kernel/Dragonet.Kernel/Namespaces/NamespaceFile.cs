using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>A namespace as a file (/proc/PID/ns, ioctl_ns(2)): keeps it while it is open.</summary>
public sealed class NamespaceFile : OpenFile
{
    private const uint GetUsers = 0xb701, GetParent = 0xb702, GetKind = 0xb703, GetOwner = 0xb704;

    private readonly Kernel _kernel;

    private NamespaceFile(Kernel kernel, CloneFlags kind, ulong id, OpenFlags flags)
        : base(flags)
    {
        _kernel = kernel;
        Kind = kind;
        Id = id;
    }

    /// <summary>CLONE_NEWUSER, CLONE_NEWNS or another one.</summary>
    public CloneFlags Kind { get; }

    /// <summary>Its number.</summary>
    public ulong Id { get; }

    /// <summary>The user namespace; null for the first one, and for other kinds.</summary>
    public UserNamespace? Users { get; private init; }

    /// <summary>The mount namespace; null for other kinds.</summary>
    public MountNamespace? Mounts { get; private init; }

    /// <inheritdoc/>
    public override string Description => $"{NameOf(Kind)}:[{Id}]";

    /// <summary>Linux's number of the first namespace of a kind.</summary>
    public static ulong FirstOf(CloneFlags kind) => kind switch
    {
        CloneFlags.CLONE_NEWTIME => 4026531834,
        CloneFlags.CLONE_NEWCGROUP => 4026531835,
        CloneFlags.CLONE_NEWPID => 4026531836,
        CloneFlags.CLONE_NEWUSER => 4026531837,
        CloneFlags.CLONE_NEWUTS => 4026531838,
        CloneFlags.CLONE_NEWIPC => 4026531839,
        CloneFlags.CLONE_NEWNET => 4026531840,
        _ => MountNamespace.FirstId,
    };

    /// <summary>What /proc calls a kind.</summary>
    public static string NameOf(CloneFlags kind) => kind switch
    {
        CloneFlags.CLONE_NEWTIME => "time",
        CloneFlags.CLONE_NEWCGROUP => "cgroup",
        CloneFlags.CLONE_NEWPID => "pid",
        CloneFlags.CLONE_NEWUSER => "user",
        CloneFlags.CLONE_NEWUTS => "uts",
        CloneFlags.CLONE_NEWIPC => "ipc",
        CloneFlags.CLONE_NEWNET => "net",
        _ => "mnt",
    };

    /// <summary>The number of the namespace of a kind that a task is in.</summary>
    public static ulong IdOf(Task task, CloneFlags kind) => kind switch
    {
        CloneFlags.CLONE_NEWUSER => task.Credentials.Namespace?.Id ?? FirstOf(kind),
        CloneFlags.CLONE_NEWNS => task.Mounts.Id,
        _ => FirstOf(kind),
    };

    /// <summary>Opens the namespace of a kind that a task is in. ENOENT when it is gone.</summary>
    public static Result<OpenFile> Open(Task task, CloneFlags kind, OpenFlags flags)
        => kind == CloneFlags.CLONE_NEWUSER ? OfUsers(task.Kernel, task.Credentials.Namespace, flags)
            : kind != CloneFlags.CLONE_NEWNS ? new NamespaceFile(task.Kernel, kind, FirstOf(kind), flags)
            : task.Mounts is { } mounts && !task.IsDead && mounts.Uses.TryAdd() ? new NamespaceFile(task.Kernel, kind, mounts.Id, flags) { Mounts = mounts }
            : Errno.ENOENT;

    /// <inheritdoc/>
    public override Result<InodeAttributes> GetAttributes()
        => new InodeAttributes { Device = 4, Number = Id, Mode = StatMode.S_IFREG | 0x124, Links = 1, BlockSize = 4096 };

    /// <inheritdoc/>
    public override Result<OpenFile> Reopen(ICaller caller, OpenFlags flags)
        => Kind == CloneFlags.CLONE_NEWUSER ? OfUsers(_kernel, Users, flags)
            : Mounts?.Uses.TryAdd() == false ? Errno.ENOENT
            : new NamespaceFile(_kernel, Kind, Id, flags) { Mounts = Mounts };

    /// <inheritdoc/>
    public override SysResult Ioctl(ICaller caller, uint request, ulong argument)
    {
        switch (request)
        {
            case GetKind:
                return (long)(ulong)Kind;
            case GetOwner:
                return Kind != CloneFlags.CLONE_NEWUSER ? Errno.EINVAL : caller.Memory.Write(argument, caller.Credentials.ShownUid(Users?.OwnerUid ?? 0));
            case GetParent when Kind is not (CloneFlags.CLONE_NEWUSER or CloneFlags.CLONE_NEWPID):
                return Errno.EINVAL;
            case GetParent when Kind == CloneFlags.CLONE_NEWPID:
                return Errno.EPERM; // there is only the first one
            case GetParent or GetUsers:
                if (caller is not Task task || (Kind == CloneFlags.CLONE_NEWUSER && Users is null))
                {
                    return Errno.EPERM;
                }

                // Nothing above the caller's own is shown.
                var found = Kind == CloneFlags.CLONE_NEWUSER ? Users!.Parent : Mounts?.Owner;
                return !UserNamespace.IsWithin(found, task.Credentials.Namespace) ? Errno.EPERM
                    : OfUsers(_kernel, found, OpenFlags.O_RDONLY).Ok(out var file, out var error) ? SysResult.From(task.Files.Install(task, file, closeOnExec: true))
                    : error;
            default:
                return Errno.ENOTTY;
        }
    }

    /// <inheritdoc/>
    protected override void OnRelease()
    {
        _kernel.Namespaces.Drop(Users);
        if (Mounts is not null)
        {
            _kernel.Namespaces.Drop(Mounts);
        }
    }

    private static Result<OpenFile> OfUsers(Kernel kernel, UserNamespace? users, OpenFlags flags)
        => users?.Uses.TryAdd() == false ? Errno.ENOENT
            : new NamespaceFile(kernel, CloneFlags.CLONE_NEWUSER, users?.Id ?? FirstOf(CloneFlags.CLONE_NEWUSER), flags) { Users = users };
}
