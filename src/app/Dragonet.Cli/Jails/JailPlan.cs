using System.Globalization;
using Dragonet.Cli.Jails.Configuration;
using Dragonet.Cli.Standing;
using Dragonet.Control;

namespace Dragonet.Cli.Jails;

/// <summary>Starts and stops the jails of a jail.conf(5): those that others depend on first, and in reverse.</summary>
internal sealed class JailPlan(string kernel, string file, Action<string>? say, bool printId)
{
    private readonly IReadOnlyList<JailDefinition> _jails = JailDefinition.Of(ConfigParser.Read(file));
    private volatile bool _failed; // the kernel could not be asked

    /// <summary>exec.prestop and exec.stop are not run (jail -R).</summary>
    internal bool SkipsStop { get; init; }

    /// <summary>Gets a line for each jail that was made (jail -J).</summary>
    internal string? IdFile { get; init; }

    /// <summary>How many jails are started or stopped at the same time (jail -p).</summary>
    internal int AtOnce { get; init; } = 8;

    /// <summary>Does what is asked for the named jails, for all when none is named.</summary>
    /// <returns>0, or 1 when something failed, or 125 when that was the way to the kernel.</returns>
    internal int Run(List<string> names, bool create, bool modify, bool remove)
    {
        var order = Order(names is [] or ["*"] or ["ALL"] ? [.. _jails.Select(jail => jail.Name)] : names, withNeeds: create);
        var good = true;
        if (remove)
        {
            var there = order.Where(jail => Find(jail) is not null).ToList();
            there.Reverse();
            good &= new JailSchedule(there, jail => there.Where(other => Needs(other).Contains(jail)), jail => Try(jail, () => Stop(jail))).Run(AtOnce);
        }

        if (create || modify)
        {
            good &= new JailSchedule(order, Needs, jail => Try(jail, () => Make(jail, names, create, modify, remove))).Run(AtOnce);
        }

        return _failed ? CommandException.Ours : good ? 0 : 1;
    }

    private void Make(JailDefinition jail, List<string> names, bool create, bool modify, bool remove)
    {
        var found = Find(jail);
        if (found is null && create)
        {
            Start(jail);
        }
        else if (found is not null && modify)
        {
            Modify(jail);
        }
        else if (found is not null && names.Contains(jail.Name) && !remove)
        {
            throw new CommandException($"already exists", 1);
        }
    }

    private bool Try(JailDefinition jail, Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception failure) when (failure is CommandException or ControlException)
        {
            _failed |= failure is ControlException;
            Console.Error.WriteLine($"dragonet: jail: {jail.Name}: {failure.Message}");
            return false;
        }
    }

    /// <summary>Jails behind those that they depend on.</summary>
    private List<JailDefinition> Order(List<string> names, bool withNeeds)
    {
        var order = new List<JailDefinition>();
        var open = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            Visit(_jails.FirstOrDefault(jail => jail.Name == name) ?? throw new CommandException($"jail: \"{name}\" not found in {file}", 1));
        }

        return order;

        void Visit(JailDefinition jail)
        {
            if (order.Contains(jail))
            {
                return;
            }

            if (!open.Add(jail.Name))
            {
                throw jail.PlaceOf("depend").Fail($"jail \"{jail.Name}\" depends on itself");
            }

            foreach (var needed in Needs(jail).Where(needed => withNeeds || names.Contains(needed.Name)))
            {
                Visit(needed);
            }

            order.Add(jail);
        }
    }

    /// <summary>Those that it depends on; "*" is all others.</summary>
    private IEnumerable<JailDefinition> Needs(JailDefinition jail)
        => jail.List("depend").SelectMany(text => text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)).SelectMany(need => need == "*" ? _jails.Where(other => other != jail)
            : _jails.FirstOrDefault(other => other.Name == need) is { } needed ? [needed]
            : throw jail.PlaceOf("depend").Fail($"jail \"{need}\" not found"));

    private Dictionary<string, string>? Find(JailDefinition jail)
    {
        var reply = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.List, Jail = jail.Name });
        return reply.Error is null && reply.Jails is [{ } found, ..] ? found : null;
    }

    private void Start(JailDefinition jail)
    {
        var undo = new Stack<Action>();
        try
        {
            var hooks = new JailHooks(kernel, jail, null);
            hooks.Outside("exec.prepare");
            undo.Push(() => hooks.Outside("exec.release"));
            foreach (var (line, target) in hooks.Mounts())
            {
                hooks.Mount(line);
                undo.Push(() => hooks.Unmount(target));
            }

            hooks.Outside("exec.prestart");
            undo.Push(() => hooks.Outside("exec.poststop"));
            var settings = JailSettings.Of(jail);
            settings.RemoveAll(setting => setting.Name is "persist" or "nopersist");
            settings.Add(new ControlSetting { Name = "persist" }); // while its programs are started
            var made = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Create, Settings = settings, Stop = hooks.AtHalt(Patience(jail)) }).Checked().Jails![0];
            undo.Push(() => ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Remove, Jail = jail.Name }));
            hooks = new JailHooks(kernel, jail, made["jid"]);
            hooks.Outside("exec.created");
            hooks.Inside("exec.start");
            hooks.Inside("command");
            hooks.Outside("exec.poststart");
            if (!jail.Flag("persist"))
            {
                _ = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Modify, Jail = jail.Name, Settings = [new ControlSetting { Name = "nopersist" }] });
            }

            if (IdFile is not null)
            {
                lock (_jails)
                {
                    JailCommand.WriteIdFile(IdFile, made);
                }
            }

            say?.Invoke(printId ? made["jid"] : $"{jail.Name}: created");
        }
        catch (Exception failure) when (failure is CommandException or ControlException)
        {
            // Everything that was done is undone, whatever fails of that. Nothing is left in a kernel that does not run any more.
            while (undo.TryPop(out var step))
            {
                _ = Try(jail, () => Undo(step, failure.Message));
            }

            throw;
        }
    }

    /// <param name="step">What is to be done.</param>
    /// <param name="said">What was wrong first: a kernel that is about to die says so again and again.</param>
    private static void Undo(Action step, string said)
    {
        try
        {
            step();
        }
        catch (ControlException failure) when (failure.NothingRuns || failure.Message == said)
        {
            // with it everything that it had is gone
        }
    }

    private void Modify(JailDefinition jail)
    {
        var settings = JailSettings.Of(jail);
        settings.RemoveAll(setting => setting.Name is "name" or "jid");
        _ = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Modify, Jail = jail.Name, Settings = settings, Stop = new JailHooks(kernel, jail, null).AtHalt(Patience(jail)) }).Checked();
        say?.Invoke($"{jail.Name}: modified");
    }

    private static int Patience(JailDefinition jail) => int.TryParse(jail.Text("stop.timeout") ?? "10", CultureInfo.InvariantCulture, out var wait) ? Math.Clamp(wait, 0, 3600) : 10;

    private void Stop(JailDefinition jail)
    {
        var hooks = new JailHooks(kernel, jail, Find(jail)?["jid"]);
        if (!SkipsStop)
        {
            hooks.Outside("exec.prestop");
            hooks.Inside("exec.stop");
        }

        var seconds = Patience(jail);
        if (!SkipsStop && seconds > 0)
        {
            JailPrograms.End(kernel, jail.Name, seconds);
        }

        _ = ControlClient.Ask(kernel, new ControlRequest { Verb = ControlVerb.Remove, Jail = jail.Name });
        hooks.Outside("exec.poststop");
        foreach (var (_, target) in Enumerable.Reverse(hooks.Mounts()))
        {
            hooks.Unmount(target);
        }

        hooks.Outside("exec.release");
        say?.Invoke($"{jail.Name}: removed");
    }
}
