using System.Globalization;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>
/// A system of its own on this kernel (jail(8)): its processes see and reach one another and nothing else. Jail 0 is the kernel itself and
/// contains all others. A process is born into a jail and stays there, so its root, rights and jail always belong together.
/// </summary>
public sealed partial class Jail : IJail
{
    private readonly JailState _state;
    private readonly HashSet<Process> _processes = []; // guarded by the process tree's lock
    private volatile JailValues _values;
    private int _users;      // guarded by the process tree's lock: processes that exist or are being made, and jails in it
    private bool _isRemoved; // guarded by the process tree's lock

    internal Jail(Kernel kernel, int id, string ownName, Jail? parent, JailValues values)
    {
        Kernel = kernel;
        Id = id;
        OwnName = ownName;
        Parent = parent;
        _values = values;
        _accounts = MakeAccounts(this, parent);
        Cpu = new JailCpu(this);
        Transfers = new JailTransfers(this);
        Files = new JailFileMemory(this);
        StartTime = parent is null ? kernel.BootTime : kernel.Clock.MonotonicNanoseconds;
        Rights = parent is null ? null : new CapabilityLimit();
        _state = new JailState(kernel.JailSlots);
        Apply();
        _state.Make(this);
        if (parent is null)
        {
            kernel.JailSlots.SetFirst(this, _state);
        }

        Uts = Get(kernel.UtsSlot);
        Ipc = Get(kernel.IpcSlot);
        UnixNames = Get(kernel.UnixNamesSlot);
    }

    /// <summary>The kernel it is on.</summary>
    public Kernel Kernel { get; }

    /// <inheritdoc/>
    public int Id { get; }

    /// <summary>The last part of its name.</summary>
    public string OwnName { get; internal set; }

    /// <summary>The jail that it is in; null for jail 0.</summary>
    public Jail? Parent { get; }

    /// <inheritdoc/>
    public IJail? Above => Parent;

    /// <inheritdoc/>
    public string Name => Parent is null or { Parent: null } ? OwnName : $"{Parent.Name}.{OwnName}";

    /// <summary>The mounts that it has: its root is theirs, so that no path leads out of it.</summary>
    public MountNamespace Mounts
    {
        get;
        internal set
        {
            field = value;
            value.Jail ??= this;
        }
    } = null!;

    /// <summary>Host name and domain name.</summary>
    public UtsName Uts { get; }

    /// <summary>System V objects and POSIX queues.</summary>
    public IpcNamespace Ipc { get; }

    /// <summary>Abstract names of UNIX sockets.</summary>
    internal UnixNames UnixNames { get; }

    /// <summary>While it is made: the jail whose files it begins with; else null.</summary>
    public Jail? Origin { get; internal set; }

    /// <summary>The capabilities that count in it; null in jail 0.</summary>
    public CapabilityLimit? Rights { get; }

    /// <summary>Jails in it. Guarded by the jail tree's lock.</summary>
    internal List<Jail> ChildrenLocked { get; } = [];

    /// <summary>True once it is removed: it has no number and no name any more, and its processes are on their way out.</summary>
    public bool IsRemoved => Volatile.Read(ref _isRemoved);

    /// <summary>True once nothing is left of it.</summary>
    public bool IsGone { get; private set; }

    /// <inheritdoc/>
    public T Get<T>(JailLocal<T> slot)
        where T : class => _state.Get(slot);

    /// <summary>Whether a flag is on.</summary>
    public bool Has(JailParameter flag) => _values.Flag(flag);

    /// <summary>The value of a parameter, in text; flags are "true" or "false", maps have none.</summary>
    public string GetText(JailParameter parameter) => parameter == JailParameters.Jid ? Text(Id)
        : parameter == JailParameters.Name ? Name
        : parameter == JailParameters.Parent ? Text(Parent?.Id ?? 0)
        : parameter == JailParameters.Dying ? IsRemoved ? "true" : "false"
        : parameter == JailParameters.HostName ? Uts.NodeName
        : parameter == JailParameters.DomainName ? Uts.DomainName
        : parameter == JailParameters.ChildrenCurrent ? Text(Kernel.Jails.CountBelow(this))
        : SharesNetwork ? _values.NetworkText(parameter)
        : _values.Text(parameter);

    /// <summary>It has no network stack of its own, but addresses of the one of the jail it is in (ip4.addr).</summary>
    public bool SharesNetwork => _values.SharesNetwork;

    /// <summary>The values of map parameters, by NAME.KEY.</summary>
    public IReadOnlyDictionary<string, string> Keys => _values.Keys;

    /// <summary>True for this jail and all that are in it, at any depth.</summary>
    public bool Contains(Jail other)
    {
        for (var jail = other; jail is not null; jail = jail.Parent)
        {
            if (jail == this)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Credentials as they are in this jail.</summary>
    public Credentials Bind(Credentials credentials) => credentials with { Limit = Rights };

    internal JailValues Values => _values;

    internal void Change(JailValues values)
    {
        _values = values;
        Apply();
    }

    /// <summary>How far below jail 0 it is.</summary>
    internal int Depth => Parent is null ? 0 : Parent.Depth + 1;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>What follows from the parameters.</summary>
    private void Apply()
    {
        if (Rights is { } rights)
        {
            rights.Mask = JailRights.MaskOf(_values);
        }

        Kernel.Rules.Apply(this);
        ApplyProcessors();
    }
}
