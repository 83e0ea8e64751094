using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>The jails of a kernel. Thread-safe: one lock guards the tree, and is not held while a jail's programs are killed or its state
/// is ended.</summary>
public sealed partial class Jails
{
    /// <summary>The largest number of a jail.</summary>
    public const int MaxId = 999_999;

    private readonly KernelLock _lock = new(LockRank.JailTree);
    private readonly KernelLock _addressLock = new(LockRank.JailAddresses);
    private readonly Dictionary<int, Jail> _byId = []; // guarded by _lock: jail 0 is not in it
    private readonly HashSet<Jail> _dying = [];        // guarded by _lock
    private readonly Kernel _kernel;
    private int _last;                                 // guarded by _lock

    internal Jails(Kernel kernel)
    {
        _kernel = kernel;
        Root = new Jail(kernel, 0, "0", null, JailValues.Defaults.With(JailParameters.ChildrenMax, Text(MaxId)).With(JailParameters.Persist, "true").With(JailParameters.EnforceStatfs, "0"));
    }

    /// <summary>Jail 0: the kernel itself.</summary>
    public Jail Root { get; }

    /// <summary>Makes the mounts of a new jail from its parameters; set by who composes the kernel. Without, the directory alone is shown.</summary>
    public Func<Jail, VfsPath, Result<MountNamespace>>? MakeMounts { get; set; }

    /// <summary>Gives a new jail, which has its mounts, what its parameters ask for beyond them. Says what is wrong, or null.</summary>
    public Func<Jail, string?>? Furnish { get; set; }

    /// <summary>Says what is wrong with other addresses (ip4.addr, ip6.addr) of a jail that shares a stack, or null.</summary>
    public Func<Jail, Func<JailParameter, string>, string?>? CheckAddresses { get; set; }

    /// <summary>Gives a jail the addresses that its parameters say now.</summary>
    public Action<Jail>? ChangeAddresses { get; set; }

    /// <summary>Told about a jail that was made, emptied or removed, or of which nothing is left, with no lock held.</summary>
    public event Action<Jail, JailEvent>? Changed;

    /// <summary>Told when somebody wanted more than a jail may have, with no lock held.</summary>
    public event Action<LimitHit>? LimitHit;

    /// <summary>All jails but jail 0, by number.</summary>
    public IReadOnlyList<Jail> List()
    {
        using (_lock.Enter())
        {
            return [.. _byId.Values.Where(IsReady).OrderBy(jail => jail.Id)];
        }
    }

    /// <summary>Jails that were removed and whose last processes are on their way out.</summary>
    public IReadOnlyList<Jail> Dying
    {
        get
        {
            using (_lock.Enter())
            {
                return [.. _dying];
            }
        }
    }

    /// <summary>By number or by name; null when there is none.</summary>
    public Jail? Find(string idOrName)
    {
        using (_lock.Enter())
        {
            return idOrName == "0" ? Root
                : int.TryParse(idOrName, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && _byId.TryGetValue(id, out var jail) && IsReady(jail) ? jail
                : FindLocked(idOrName) is { } named && IsReady(named) ? named : null;
        }
    }

    /// <summary>The jail with the lowest number above another (the lastjid of jail_get(2)); null behind the last.</summary>
    public Jail? Next(int lastId)
    {
        using (_lock.Enter())
        {
            return _byId.Values.Where(jail => jail.Id > lastId && IsReady(jail)).MinBy(jail => jail.Id);
        }
    }

    /// <summary>Changes parameters of a jail (jail -m): all of them or, when one is wrong, none.</summary>
    /// <param name="jail">Which.</param>
    /// <param name="settings">Names and values.</param>
    /// <param name="why">Of a failure.</param>
    public Errno Change(Jail jail, IReadOnlyList<KeyValuePair<string, string?>> settings, out string why)
    {
        var empty = false;
        Errno error;
        if (settings.Any(static pair => pair.Key == JailParameters.Ip4Address.Name || pair.Key == JailParameters.Ip6Address.Name))
        {
            using (_addressLock.Enter()) // of two who want the same address at once one gets it
            {
                why = TryAddresses(jail, settings) ?? "";
                error = why.Length > 0 ? Errno.EINVAL : ChangeValues(jail, settings, out why, out empty);
                if (error != Errno.OK)
                {
                    return error;
                }

                ChangeAddresses?.Invoke(jail);
            }
        }
        else
        {
            error = ChangeValues(jail, settings, out why, out empty);
            if (error != Errno.OK)
            {
                return error;
            }
        }

        if (empty)
        {
            RemoveIfEmpty(jail);
        }

        Changed?.Invoke(jail, JailEvent.Modified);
        return Errno.OK;
    }

    private Errno ChangeValues(Jail jail, IReadOnlyList<KeyValuePair<string, string?>> settings, out string why, out bool isEmpty)
    {
        isEmpty = false;
        using (_lock.Enter())
        {
            if (jail.Parent is null)
            {
                why = "jail 0 is the kernel itself";
                return Errno.EPERM;
            }

            if (jail.IsRemoved)
            {
                why = $"jail \"{jail.Name}\" not found";
                return Errno.ENOENT;
            }

            var changes = settings.Where(pair => pair.Key is not ("name" or "jid")).ToList();
            if (!jail.Values.With(changes, creating: false, out why).Ok(out var values, out var error))
            {
                return error;
            }

            error = CheckLocked(jail.Parent, values, jail.Values, out why);
            if (error != Errno.OK)
            {
                return error;
            }

            if (settings.LastOrDefault(pair => pair.Key == "name").Value is { } name && name != jail.Name)
            {
                error = CheckNameLocked(name, jail.Id, jail, out var parent, out var own, out why);
                if (error == Errno.OK && parent != jail.Parent)
                {
                    why = $"cannot change parent of jail \"{jail.Name}\"";
                    error = Errno.EINVAL;
                }

                if (error != Errno.OK)
                {
                    return error;
                }

                jail.OwnName = own;
            }

            jail.Change(jail.SharesNetwork ? values.Sharing() : values);
            SetNames(jail, changes);
            RestrictLocked(jail);
            isEmpty = !values.Flag(JailParameters.Persist);
        }

        return Errno.OK;
    }

    /// <summary>Looks at addresses before anything is changed: they depend on other jails, whose parameters may be read with no lock held only.</summary>
    private string? TryAddresses(Jail jail, IReadOnlyList<KeyValuePair<string, string?>> settings)
    {
        var changes = settings.Where(static pair => pair.Key is "ip4.addr" or "ip6.addr");
        if (jail.Parent is null || !jail.Values.With(changes, creating: false, out _).Ok(out var values, out _))
        {
            return null; // said below
        }

        return jail.SharesNetwork ? CheckAddresses?.Invoke(jail, values.Sharing().NetworkText)
            : values.SharesNetwork ? "ip4.addr: the jail has a network stack of its own" : null;
    }

    /// <summary>Kills every process in a jail and in the jails in it, the innermost first, and takes them out of the tree: numbers and names
    /// are free at once.</summary>
    /// <returns>ENOENT when somebody else has removed it.</returns>
    public Errno Remove(Jail jail) => jail.Parent is null ? Errno.EPERM : Remove(jail, onlyEmpty: false);

    /// <summary>The jails that are in jail 0 itself.</summary>
    internal List<Jail> Top()
    {
        using (_lock.Enter())
        {
            return [.. Root.ChildrenLocked];
        }
    }

    /// <summary>The processes of a jail and of all in it, those that are being killed, too.</summary>
    internal List<Process> ProcessesIn(Jail jail)
    {
        List<Jail> jails;
        using (_lock.Enter())
        {
            jails = BelowLocked(jail);
            if (_dying.Count > 0)
            {
                jails = [.. jails.Union(_dying.Where(jail.Contains))];
            }
        }

        var processes = new List<Process>();
        jails.ForEach(each => each.AddProcessesTo(processes));
        return processes;
    }

    /// <summary>How many jails are in one, at all depths.</summary>
    internal int CountBelow(Jail jail)
    {
        using (_lock.Enter())
        {
            return CountBelowLocked(jail);
        }
    }

    internal void RemoveIfEmpty(Jail jail) => _ = Remove(jail, onlyEmpty: true);

    internal void OnEnd(Jail jail)
    {
        using (_lock.Enter())
        {
            _ = _dying.Remove(jail);
        }

        Changed?.Invoke(jail, JailEvent.Gone);
    }

    internal void OnEmpty(Jail jail) => Changed?.Invoke(jail, JailEvent.Empty);

    internal void OnLimit(in LimitHit hit) => LimitHit?.Invoke(hit);

    private Errno Remove(Jail jail, bool onlyEmpty)
    {
        var removed = TakeOut(jail, onlyEmpty);
        Kill(removed);
        return removed.Count > 0 ? Errno.OK : Errno.ENOENT;
    }

    private void Kill(List<Jail> removed)
    {
        foreach (var each in removed)
        {
            Changed?.Invoke(each, JailEvent.Removed);
            each.Kill();
        }
    }

    /// <summary>Takes a jail and those in it out of the tree; the caller kills them.</summary>
    private List<Jail> TakeOut(Jail jail, bool onlyEmpty)
    {
        List<Jail> removed = [];
        using (_lock.Enter())
        {
            foreach (var each in onlyEmpty ? [jail] : BelowLocked(jail))
            {
                if (each.Close(onlyEmpty))
                {
                    _ = _byId.Remove(each.Id);
                    _ = each.Parent!.ChildrenLocked.Remove(each);
                    _ = _dying.Add(each);
                    removed.Add(each);
                }
            }
        }

        return removed;
    }

    /// <summary>A jail and all in it, the innermost first.</summary>
    private static List<Jail> BelowLocked(Jail jail) => [.. jail.ChildrenLocked.SelectMany(BelowLocked), jail];

    private static int CountBelowLocked(Jail jail) => jail.ChildrenLocked.Sum(child => 1 + CountBelowLocked(child));

    /// <summary>A jail that is being made has a name already, but nobody finds it.</summary>
    private static bool IsReady(Jail jail) => jail.Mounts is not null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
