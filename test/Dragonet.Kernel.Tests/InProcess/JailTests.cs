using Dragonet.Abi;
using Dragonet.Base;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>What a jail is: names and numbers, parameters, life and end (jail(8)).</summary>
public sealed class JailTests
{
    [Fact]
    public void J1_every_parameter_that_can_be_set_reads_back()
    {
        using var machine = new Machine();
        var settings = new List<KeyValuePair<string, string?>> { new("name", "j"), new("path", "/"), new("persist", null) };
        foreach (var parameter in JailParameters.All.Where(parameter => !parameter.ReadOnly && parameter.Kind != JailParameterKind.Map && parameter.Name is not ("name" or "path" or "persist" or "jid" or "overlay")))
        {
            settings.Add(new(parameter.Name, parameter.Kind switch
            {
                JailParameterKind.Flag => parameter.Default == "true" ? "false" : "true",
                JailParameterKind.Number => "1",
                JailParameterKind.Choice => parameter.Choices[^1],
                _ => parameter == JailParameters.CpuSet ? machine.Kernel.Processors.ToListText() : "text",
            }));
        }

        Assert.True(machine.Kernel.Jails.Create(settings, attach: false, out var why).Ok(out var jail, out _), why);
        foreach (var (name, value) in settings.Where(pair => pair.Value is not null))
        {
            Assert.Equal(value, jail.GetText(JailParameters.All.First(parameter => parameter.Name == name)));
        }
    }

    [Fact]
    public void J1_an_unknown_parameter_is_named_and_nothing_is_made()
    {
        using var machine = new Machine();
        Assert.Equal(Errno.ENOENT, machine.TryMakeJail(out var why, "name=j", "persist", "allow.nonsense").Error);
        Assert.Equal("unknown parameter: allow.nonsense", why);
        Assert.Empty(machine.Kernel.Jails.List());
    }

    [Fact]
    public void J1_iteration_by_the_last_number_sees_each_jail_once_while_others_come_and_go()
    {
        using var machine = new Machine();
        for (var i = 0; i < 50; i++)
        {
            _ = machine.MakeJail($"name=j{i}", "persist");
        }

        var seen = new List<string>();
        for (var jail = machine.Kernel.Jails.Next(0); jail is not null; jail = machine.Kernel.Jails.Next(jail.Id))
        {
            seen.Add(jail.Name);
            if (jail.Name.StartsWith('j'))
            {
                var other = machine.MakeJail($"name=x{jail.Id}", "persist");
                _ = machine.Kernel.Jails.Remove(other);
            }
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"j{i}"), seen);
    }

    [Fact]
    public void J2_numbers_go_up_and_wrap_and_skip_those_in_use()
    {
        using var machine = new Machine();
        Assert.Equal(1, machine.MakeJail("persist").Id);
        Assert.Equal(999_999, machine.MakeJail("jid=999999", "persist").Id);
        var second = machine.MakeJail("persist");
        Assert.Equal(2, second.Id);
        Assert.Equal("2", second.Name);
        _ = machine.Kernel.Jails.Remove(second);
        Assert.Equal(3, machine.MakeJail("persist").Id);
        Assert.Equal(Errno.EEXIST, machine.TryMakeJail(out _, "jid=3", "persist").Error);
        Assert.Equal(Errno.EINVAL, machine.TryMakeJail(out _, "jid=1000000", "persist").Error);
    }

    [Fact]
    public void J2_names_are_unique_and_not_numbers()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=web", "persist");
        Assert.Equal(Errno.EEXIST, machine.TryMakeJail(out var why, "name=web", "persist").Error);
        Assert.Equal("jail \"web\" already exists", why);
        Assert.Equal(Errno.EINVAL, machine.TryMakeJail(out why, "name=77", "persist").Error);
        Assert.Equal("name cannot be numeric (unless it is the jid)", why);
        Assert.Equal("77", machine.MakeJail("name=77", "jid=77", "persist").Name);
        Assert.Equal(Errno.OK, machine.Kernel.Jails.Change(jail, Machine.Settings("name=db"), out _));
        Assert.Same(jail, machine.Kernel.Jails.Find("db"));
        Assert.Null(machine.Kernel.Jails.Find("web"));
        Assert.Equal(Errno.EEXIST, machine.Kernel.Jails.Change(machine.MakeJail("name=web", "persist"), Machine.Settings("name=db"), out _));
    }

    [Fact]
    public void J3_a_new_jail_must_persist_or_attach()
    {
        using var machine = new Machine();
        Assert.Equal(Errno.EINVAL, machine.TryMakeJail(out var why, "name=j").Error);
        Assert.Equal("new jail must persist or attach", why);
        var jail = machine.MakeJail("name=j", "persist");
        Assert.Equal(Errno.OK, machine.Kernel.Jails.Change(jail, Machine.Settings("nopersist"), out _));
        Assert.Null(machine.Kernel.Jails.Find("j"));
        Assert.True(jail.IsGone);
    }

    [Fact]
    public void J5_root_host_name_and_jail_always_belong_together()
    {
        using var machine = new Machine();
        var jails = Enumerable.Range(0, 20).Select(i =>
        {
            machine.MakeDirectory($"/j{i}/is{i}");
            return machine.MakeJail($"path=/j{i}", $"host.hostname=h{i}", "persist");
        }).ToList();
        var processes = Enumerable.Range(0, 200).Select(i => machine.Spawn(jails[i % 20], guest =>
        {
            _ = guest.Fork(child => child.Exit(child.Stat($"/is{i % 20}") == 0 && child.HostName() == $"h{i % 20}" ? 0 : 1));
            guest.Exit(guest.Stat($"/is{i % 20}") == 0 && guest.HostName() == $"h{i % 20}" ? guest.Wait().Status : 1);
        })).ToList();
        machine.Run();
        Assert.All(processes, process => Assert.Equal(0, process.ExitStatus));
    }

    [Fact]
    public void J6_remove_kills_the_innermost_first()
    {
        using var machine = new Machine();
        var outer = machine.MakeJail("name=a", "children.max=9", "persist");
        _ = machine.MakeJail("name=a.b", "children.max=8", "persist");
        var inner = machine.MakeJail("name=a.b.c", "persist");
        var processes = new[] { outer, inner }.Select(jail => machine.Spawn(jail, guest => guest.Pause())).ToList();
        machine.Settle();
        var order = new List<string>();
        machine.Kernel.Jails.Changed += (jail, what) => order.Add($"{what} {jail.OwnName}");
        Assert.Equal(Errno.OK, machine.Kernel.Jails.Remove(outer));
        machine.Run();
        Assert.Equal(["Removed c", "Removed b", "Removed a"], order.Where(line => line.StartsWith("Removed", StringComparison.Ordinal)));
        Assert.All(processes, process => Assert.Equal(Sig.KILL, process.ExitStatus));
        Assert.Equal(0, machine.Kernel.TakeCensus().Processes);
        Assert.Empty(machine.Kernel.Jails.List());
        Assert.Empty(machine.Kernel.Jails.Dying);
        Assert.Equal(Errno.ENOENT, machine.Kernel.Jails.Remove(outer));
    }

    [Fact]
    public void J7_without_persist_the_last_process_ends_it()
    {
        using var machine = new Machine();
        var jail = machine.Kernel.Jails.Create(Machine.Settings("name=j"), attach: true, out _).Value;
        var process = machine.Spawn(jail, guest => guest.Exit(0));
        Jails.EndAttach(jail);
        Assert.NotNull(machine.Kernel.Jails.Find("j"));
        machine.Run();
        Assert.True(process.IsZombie);
        Assert.Null(machine.Kernel.Jails.Find("j"));
        Assert.True(jail.IsGone);
    }

    [Fact]
    public void J8_name_and_number_are_free_at_once_and_nothing_is_left()
    {
        using var machine = new Machine();
        machine.MakeDirectory("/root");
        var before = machine.Kernel.TakeCensus();
        for (var i = 0; i < 100; i++)
        {
            var jail = machine.MakeJail("name=web", "jid=7", "path=/root", "persist");
            _ = machine.Spawn(jail, guest =>
            {
                var (reader, writer) = guest.Pipe();
                _ = guest.Write(writer, "left in a pipe");
                Assert.True(guest.Call(Nr.msgget, 0x1234, 0x3ff) >= 0);
                Assert.True(guest.Call(Nr.semget, 0x1234, 3, 0x3ff) >= 0);
                Assert.True(guest.Call(Nr.timerfd_create, 1, 0) >= 0);
                guest.BindAbstract("name");
                _ = guest.Fork(child => child.Read(reader));
                _ = guest.Fork(child => child.Sleep(TimeSpan.FromHours(1)));
                _ = guest.NewThread(thread => thread.Pause());
                _ = guest.FutexWait(guest.Map(4096, Libc.SharedAnonymous), 0);
            });
            machine.Settle();
            Assert.Equal(4, machine.Kernel.TakeCensus(jail).Tasks);
            Assert.Equal(Errno.OK, machine.Kernel.Jails.Remove(jail));
        }

        machine.Settle();
        Assert.Equal(before, machine.Kernel.TakeCensus());
    }

    [Fact]
    public void J10_jails_in_jails_need_room()
    {
        using var machine = new Machine();
        _ = machine.MakeJail("name=a", "persist");
        Assert.Equal(Errno.EPERM, machine.TryMakeJail(out var why, "name=a.b", "persist").Error);
        Assert.Equal("Operation not permitted", why);
        var jail = machine.Kernel.Jails.Find("a")!;
        Assert.Equal(Errno.OK, machine.Kernel.Jails.Change(jail, Machine.Settings("children.max=1"), out _));
        _ = machine.MakeJail("name=a.b", "persist");
        Assert.Equal("1", jail.GetText(JailParameters.ChildrenCurrent));
        Assert.Equal(Errno.EPERM, machine.TryMakeJail(out why, "name=a.c", "persist").Error);
        Assert.Equal("prison limit exceeded", why);
        Assert.Equal(Errno.ENOENT, machine.TryMakeJail(out _, "name=x.y", "persist").Error);
    }

    [Fact]
    public void J10_a_child_has_no_more_than_its_parent_and_loses_with_it()
    {
        using var machine = new Machine();
        var outer = machine.MakeJail("name=a", "children.max=2", "allow.raw_sockets", "persist");
        var inner = machine.MakeJail("name=a.b", "allow.raw_sockets", "persist");
        Assert.Equal(Errno.EPERM, machine.TryMakeJail(out _, "name=a.c", "allow.mlock", "persist").Error);
        Assert.Equal(Errno.EPERM, machine.Kernel.Jails.Change(inner, Machine.Settings("children.max=2"), out _));
        Assert.Equal(Errno.OK, machine.Kernel.Jails.Change(outer, Machine.Settings("allow.noraw_sockets", "securelevel=2"), out _));
        Assert.Equal("false", inner.GetText(JailParameters.AllowRawSockets));
        Assert.Equal("2", inner.GetText(JailParameters.SecureLevel));
        Assert.Equal(Errno.EPERM, machine.Kernel.Jails.Change(inner, Machine.Settings("securelevel=1"), out _));
    }

    [Fact]
    public void J11_notes_by_key()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=x", "meta.owner=joe", "env.ROLE=db", "persist");
        Assert.Equal("joe", jail.Keys["meta.owner"]);
        Assert.Equal(Errno.OK, machine.Kernel.Jails.Change(jail, Machine.Settings("meta.owner=", "env.ROLE=web"), out _));
        Assert.Equal(["env.ROLE"], jail.Keys.Keys);
        Assert.Equal(Errno.EFBIG, machine.Kernel.Jails.Change(jail, Machine.Settings($"meta.big={new string('x', 5000)}"), out _));
    }

    [Fact]
    public void R2_processes_and_threads_are_counted_and_limited_and_the_hit_is_told()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=j", "limit.maxproc=3", "persist");
        var hits = new List<LimitHit>();
        machine.Kernel.Jails.LimitHit += hits.Add;
        Assert.Equal(0, machine.Start(jail, guest =>
        {
            Assert.True(guest.Fork(child => child.Pause()) > 0);
            Assert.True(guest.Fork(child => child.Pause()) > 0);
            Assert.Equal(Libc.Failed(Errno.EAGAIN), guest.Fork(child => child.Pause()));
        }));
        Assert.Equal((2, 3, 1), (jail.Processes.Held, jail.Processes.MaxHeld, jail.Processes.Failures));
        Assert.Equal(2, jail.Threads.Held);
        Assert.Equal(Resource.MaxProc, Assert.Single(hits).Resource);
        _ = machine.Kernel.Jails.Remove(jail);
        Assert.Equal((0, 0), (jail.Processes.Held, jail.Threads.Held));
        Assert.Equal(0, machine.Kernel.Jails.Root.Processes.Held);
    }
}
