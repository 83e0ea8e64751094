using System.Globalization;
using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Vfs;

namespace Dragonet.Kernel;

/// <summary>How a jail is made, and the rules that its parameters follow.</summary>
public sealed partial class Jails
{
    /// <summary>Makes a jail (jail -c). It must persist, or somebody must go into it at once.</summary>
    /// <param name="settings">Names and values; a name alone, or with "no", for flags.</param>
    /// <param name="attach">A process goes into it at once: it then ends with its last process. The caller holds it until
    /// <see cref="EndAttach"/>.</param>
    /// <param name="why">Of a failure.</param>
    /// <param name="origin">A jail whose files it begins with: a copy of its layer, which may be in use.</param>
    public Result<Jail> Create(IReadOnlyList<KeyValuePair<string, string?>> settings, bool attach, out string why, Jail? origin = null)
    {
        if (origin is not null && origin.Enter() != Errno.OK)
        {
            why = $"jail \"{origin.Name}\" not found";
            return Errno.ENOENT;
        }

        try
        {
            return CreateFrom(settings, attach, origin, out why);
        }
        finally
        {
            origin?.Leave();
        }
    }

    private Result<Jail> CreateFrom(IReadOnlyList<KeyValuePair<string, string?>> settings, bool attach, Jail? origin, out string why)
    {
        var plain = settings.Where(pair => pair.Key != "name").ToList();
        if (!JailValues.Defaults.With(plain, creating: true, out why).Ok(out var values, out var error))
        {
            return error;
        }

        if (!attach && !values.Flag(JailParameters.Persist))
        {
            why = "new jail must persist or attach";
            return Errno.EINVAL;
        }

        Jail jail;
        using (_lock.Enter())
        {
            var wanted = (int)values.Number(JailParameters.Jid);
            if (wanted != 0 && _byId.ContainsKey(wanted))
            {
                why = $"jail {wanted} already exists";
                return Errno.EEXIST;
            }

            var id = wanted != 0 ? wanted : NextIdLocked();
            if (id == 0)
            {
                why = "no available jail IDs";
                return Errno.EAGAIN;
            }

            var name = settings.LastOrDefault(pair => pair.Key == "name").Value ?? Text(id);
            error = CheckNameLocked(name, id, null, out var parent, out var own, out why);
            if (error != Errno.OK)
            {
                return error;
            }

            error = CheckRoomLocked(parent, out why);
            if (error != Errno.OK)
            {
                return error;
            }

            values = Inherit(parent, values);
            error = CheckLocked(parent, values, null, out why);
            if (error != Errno.OK)
            {
                return error;
            }

            if (parent.Enter() != Errno.OK)
            {
                why = $"jail \"{parent.Name}\" not found";
                return Errno.ENOENT;
            }

            _kernel.JailSlots.Seal();
            jail = new Jail(_kernel, id, own, parent, values);
            _ = jail.Enter(); // until its root is there
            jail.Uts.OsRelease = values.Text(JailParameters.OsRelease);
            jail.Uts.NodeName = parent.Uts.NodeName;
            SetNames(jail, settings);
            _byId.Add(id, jail);
            parent.ChildrenLocked.Add(jail);
        }

        jail.Origin = origin;
        var found = FindRoot(jail, out why);
        jail.Origin = null;
        if (!found.Ok(out var mounts, out error))
        {
            _ = Remove(jail, onlyEmpty: false);
            jail.Leave();
            return error;
        }

        if (Complete(jail, mounts) is { } wrong)
        {
            why = wrong;
            jail.Leave();
            return Errno.EINVAL;
        }

        Changed?.Invoke(jail, JailEvent.Created);
        if (!attach)
        {
            jail.Leave();
        }

        return jail;
    }

    /// <summary>Who made a jail to go into it has done so, or has given up.</summary>
    public static void EndAttach(Jail jail) => jail.Leave();

    /// <summary>From here on others find it, and see what addresses it wants. Says what is wrong, and has removed it then, or null.</summary>
    private string? Complete(Jail jail, MountNamespace mounts)
    {
        string? wrong;
        List<Jail> removed;
        if (!jail.SharesNetwork)
        {
            jail.Mounts = mounts;
            wrong = Furnish?.Invoke(jail);
            removed = wrong is null ? [] : TakeOut(jail, onlyEmpty: false);
        }
        else
        {
            using (_addressLock.Enter()) // who is refused stands in nobody's way
            {
                jail.Mounts = mounts;
                wrong = Furnish?.Invoke(jail);
                removed = wrong is null ? [] : TakeOut(jail, onlyEmpty: false);
            }
        }

        Kill(removed);
        return wrong;
    }

    private Result<MountNamespace> FindRoot(Jail jail, out string why)
    {
        var path = jail.GetText(JailParameters.Path);
        var above = jail.Parent!.Mounts;
        why = $"path {path}: an absolute path is needed";
        if (!path.StartsWith('/'))
        {
            return Errno.EINVAL;
        }

        // Nobody's rights: who makes jails may show them any directory.
        var caller = _kernel.Management;
        if (!_kernel.Vfs.Lookup(new WalkContext(caller, above.Root, above.Root), path, WalkFlags.Follow | WalkFlags.Directory).Ok(out var place, out var error))
        {
            why = $"path {path}: {(error == Errno.ENOENT ? "no such directory" : error)}";
            return error;
        }

        var made = MakeMounts is { } make ? make(jail, place) : MountNamespace.Derive(_kernel.Vfs, place);
        why = made.IsOk ? "" : $"path {path}: {made.Error}";
        return made;
    }

    /// <summary>The number after the last one, after the largest again the smallest; 0 when all are taken.</summary>
    private int NextIdLocked()
    {
        for (var tries = 0; tries < MaxId; tries++)
        {
            _last = _last == MaxId ? 1 : _last + 1;
            if (!_byId.ContainsKey(_last))
            {
                return _last;
            }
        }

        return 0;
    }

    private Errno CheckNameLocked(string name, int id, Jail? self, out Jail parent, out string own, out string why)
    {
        why = "";
        parent = Root;
        var dot = name.LastIndexOf('.');
        own = name[(dot + 1)..];
        if (dot >= 0 && FindLocked(name[..dot]) is { } above)
        {
            parent = above;
        }
        else if (dot >= 0)
        {
            why = $"jail \"{name[..dot]}\" not found";
            return Errno.ENOENT;
        }

        if (own.Length == 0 || name.Length > 255 || own.Any(c => c is '/' or '*' or '"' or '\'' or '{' or '}' or ';' || char.IsWhiteSpace(c) || char.IsControl(c)))
        {
            why = $"name \"{name}\": not a name";
            return name.Length > 255 ? Errno.ENAMETOOLONG : Errno.EINVAL;
        }

        if (own.All(char.IsAsciiDigit) && own != Text(id))
        {
            why = "name cannot be numeric (unless it is the jid)";
            return Errno.EINVAL;
        }

        if (FindLocked(name) is { } taken && taken != self)
        {
            why = $"jail \"{name}\" already exists";
            return Errno.EEXIST;
        }

        return Errno.OK;
    }

    private Jail? FindLocked(string name)
    {
        var jail = Root;
        foreach (var part in name.Split('.'))
        {
            if (jail.ChildrenLocked.Find(child => child.OwnName == part) is not { } next)
            {
                return null;
            }

            jail = next;
        }

        return jail == Root ? null : jail;
    }

    private static Errno CheckRoomLocked(Jail parent, out string why)
    {
        why = "";
        for (var jail = parent; jail is not null; jail = jail.Parent)
        {
            var most = jail.Values.Number(JailParameters.ChildrenMax);
            if (CountBelowLocked(jail) >= most)
            {
                why = most == 0 ? "Operation not permitted" : "prison limit exceeded";
                return Errno.EPERM;
            }
        }

        return Errno.OK;
    }

    /// <summary>What a new jail has from the one that it is in, when nobody says otherwise.</summary>
    private static JailValues Inherit(Jail parent, JailValues values)
    {
        foreach (var parameter in JailParameters.All)
        {
            if (parameter.Inherited && !values.IsSet(parameter) && values.Flag(parameter) && !parent.Has(parameter) && parent.Parent is not null)
            {
                values = values.With(parameter, "false");
            }
        }

        foreach (var level in (ReadOnlySpan<JailParameter>)[JailParameters.SecureLevel, JailParameters.EnforceStatfs])
        {
            if (!values.IsSet(level) && parent.Values.Number(level) > values.Number(level))
            {
                values = values.With(level, parent.Values.Text(level));
            }
        }

        return values;
    }

    /// <summary>A jail has no more than the one that it is in.</summary>
    /// <param name="before">Of a jail that exists.</param>
    private static Errno CheckLocked(Jail parent, JailValues values, JailValues? before, out string why)
    {
        why = "";
        if (before is not null && values.Number(JailParameters.SecureLevel) < before.Number(JailParameters.SecureLevel))
        {
            why = "securelevel: it can only be raised";
            return Errno.EPERM;
        }

        var processors = parent.CheckProcessors(values.Text(JailParameters.CpuSet), out why);
        if (processors != Errno.OK || parent.Parent is null)
        {
            return processors; // jail 0 has everything else
        }

        foreach (var parameter in JailParameters.All)
        {
            var wider = parameter.Inherited ? values.Flag(parameter) && !parent.Has(parameter)
                : parameter == JailParameters.SecureLevel || parameter == JailParameters.EnforceStatfs ? values.Number(parameter) < parent.Values.Number(parameter)
                : parameter == JailParameters.ChildrenMax && values.Number(parameter) >= parent.Values.Number(parameter);
            if (wider)
            {
                why = $"{parameter.Name}: jail \"{parent.Name}\" has not so much";
                return Errno.EPERM;
            }
        }

        return Errno.OK;
    }

    /// <summary>What was taken from a jail is taken from all in it.</summary>
    private static void RestrictLocked(Jail jail)
    {
        foreach (var child in jail.ChildrenLocked)
        {
            var values = child.Values;
            foreach (var parameter in JailParameters.All)
            {
                if (parameter.Inherited && values.Flag(parameter) && !jail.Has(parameter))
                {
                    values = values.With(parameter, "false");
                }
                else if ((parameter == JailParameters.SecureLevel || parameter == JailParameters.EnforceStatfs) && values.Number(parameter) < jail.Values.Number(parameter))
                {
                    values = values.With(parameter, jail.Values.Text(parameter));
                }
                else if (parameter == JailParameters.ChildrenMax && values.Number(parameter) >= jail.Values.Number(parameter) && values.Number(parameter) > 0)
                {
                    values = values.With(parameter, Math.Max(0, jail.Values.Number(parameter) - 1).ToString(CultureInfo.InvariantCulture));
                }
            }

            child.Change(values);
            RestrictLocked(child);
        }
    }

    private static void SetNames(Jail jail, IEnumerable<KeyValuePair<string, string?>> settings)
    {
        foreach (var (name, value) in settings)
        {
            if (name == JailParameters.HostName.Name)
            {
                jail.Uts.NodeName = value!;
            }
            else if (name == JailParameters.DomainName.Name)
            {
                jail.Uts.DomainName = value!;
            }
        }
    }
}
