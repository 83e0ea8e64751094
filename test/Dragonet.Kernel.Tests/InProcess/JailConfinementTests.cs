using Dragonet.Abi;
using Dragonet.Base;
using Dragonet.Fs.Procfs;
using Xunit;

namespace Dragonet.Kernel.Tests.InProcess;

/// <summary>What the programs of a jail see and reach.</summary>
public sealed class JailConfinementTests
{
    [Fact]
    public void J20_processes_of_others_do_not_exist()
    {
        using var machine = new Machine();
        var (a, b) = (machine.MakeJail("name=a", "persist"), machine.MakeJail("name=b", "persist"));
        var other = machine.Spawn(b, guest => guest.Pause());
        machine.Settle();
        var missing = Libc.Failed(Errno.ESRCH);
        Assert.Equal(0, machine.Start(a, guest =>
        {
            for (var pid = 1; pid < 50; pid++)
            {
                Assert.Equal(pid == guest.Pid() ? 0 : missing, guest.Kill(pid, 0));
            }

            var target = (ulong)other.Pid;
            Assert.Equal(missing, guest.Kill(-other.Pid, 9));
            Assert.Equal(missing, guest.Kill(-1, 9));
            Assert.Equal(missing, guest.Call(Nr.tkill, target, 9));
            Assert.Equal(missing, guest.Call(Nr.tgkill, target, target, 9));
            Assert.Equal(missing, guest.Call(Nr.getpgid, target));
            Assert.Equal(missing, guest.Call(Nr.getsid, target));
            Assert.Equal(missing, guest.Call(Nr.setpgid, target, 0));
            Assert.Equal(missing, guest.Call(Nr.sched_getscheduler, target));
            Assert.Equal(missing, guest.Call(Nr.sched_getaffinity, target, 128, guest.Map(4096)));
            Assert.Equal(missing, guest.Call(Nr.getpriority, 0, target));
            Assert.Equal(missing, guest.Call(Nr.setpriority, 1, target, 5));
            Assert.Equal(missing, guest.Call(Nr.prlimit64, target, 7, 0, 0));
            Assert.Equal(missing, guest.Call(Nr.pidfd_open, target, 0));
            Assert.Equal(missing, guest.Call(Nr.kcmp, (ulong)guest.Pid(), target, 1));
            Assert.Equal(missing, guest.Call(Nr.get_robust_list, target, 0, 0));
        }));
        Assert.False(other.IsZombie);
    }

    [Fact]
    public void J20_from_outside_both_are_seen()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=a", "children.max=5", "persist");
        var inner = machine.MakeJail("name=a.b", "persist");
        var process = machine.Spawn(inner, guest => guest.Pause());
        machine.Settle();
        Assert.Equal(0, machine.Start(jail, guest => Assert.Equal(0, guest.Kill(process.Pid, 0))));
        Assert.Equal(0, machine.Start(guest => Assert.Equal(0, guest.Kill(process.Pid, Sig.TERM))));
        Assert.Equal(Sig.TERM, process.ExitStatus);
    }

    [Fact]
    public void J20_proc_lists_only_its_own()
    {
        using var machine = new Machine();
        machine.Mount("/proc", new ProcfsType(machine.Kernel));
        var (a, b) = (machine.MakeJail("name=a", "persist"), machine.MakeJail("name=b", "persist"));
        var other = machine.Spawn(b, guest =>
        {
            _ = guest.Stat($"/proc/{guest.Pid()}/status");
            _ = guest.Pause();
        });
        machine.Settle();
        Assert.Equal(0, machine.Start(a, guest =>
        {
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Stat("/proc/1"));
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Stat($"/proc/{other.Pid}"));
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Stat($"/proc/{other.Pid}/root"));
            Assert.Equal(0, guest.Stat($"/proc/{guest.Pid()}/status"));
            Assert.Equal([$"{guest.Pid()}"], guest.List("/proc").Where(name => char.IsAsciiDigit(name[0])));
        }));
    }

    [Fact]
    public void J24_host_names_are_the_jails_own()
    {
        using var machine = new Machine();
        var a = machine.MakeJail("name=a", "host.hostname=alpha", "osrelease=5.10.0-test", "persist");
        var b = machine.MakeJail("name=b", "host.hostname=beta", "allow.noset_hostname", "persist");
        Assert.Equal(0, machine.Start(a, guest =>
        {
            Assert.Equal("5.10.0-test", guest.UtsField(2));
            Assert.Equal(0, guest.SetHostName("changed"));
            Assert.Equal("changed", guest.HostName());
        }));
        Assert.Equal(0, machine.Start(b, guest =>
        {
            Assert.Equal("beta", guest.HostName());
            Assert.Equal(Libc.Failed(Errno.EPERM), guest.SetHostName("x"));
        }));
        Assert.Equal("changed", a.GetText(JailParameters.HostName));
        Assert.Equal("dragonet", machine.Kernel.Uts.NodeName);
    }

    [Fact]
    public void J21_root_in_a_jail_has_few_privileges()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=a", "persist");
        var refused = Libc.Failed(Errno.EPERM);
        Assert.Equal(0, machine.Start(jail, guest =>
        {
            var path = guest.Push("/");
            Assert.Equal(refused, guest.Call(Nr.mount, path, path, 0, 4096, 0));
            Assert.Equal(refused, guest.Call(Nr.umount2, path, 0));
            Assert.Equal(refused, guest.Call(Nr.reboot, 0xfee1dead, 672274793, 0x1234567, 0));
            Assert.Equal(refused, guest.Call(Nr.pivot_root, path, path));
            Assert.Equal(0, guest.Call(Nr.chroot, path));
            Assert.Equal(0, guest.Call(Nr.setuid, 1000));
        }));
    }

    [Fact]
    public void J22_a_permission_counts_at_once_for_running_programs()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=a", "enforce_statfs=1", "persist");
        machine.MakeDirectory("/from");
        machine.MakeDirectory("/to");
        var process = machine.Spawn(jail, guest =>
        {
            var (from, to) = (guest.Push("/from"), guest.Push("/to"));
            Assert.Equal(Libc.Failed(Errno.EPERM), guest.Call(Nr.mount, from, to, 0, 4096, 0));
            _ = guest.Sleep(TimeSpan.FromSeconds(1));
            guest.Exit(guest.Call(Nr.mount, from, to, 0, 4096, 0) == 0 ? 0 : 1);
        });
        machine.Settle();
        Assert.Equal(Errno.OK, machine.Kernel.Jails.Change(jail, Machine.Settings("allow.mount", "allow.mount.nullfs"), out _));
        machine.Run();
        Assert.Equal(0, process.ExitStatus);
        Assert.Single(machine.Kernel.Mounts.List());
    }

    [Fact]
    public void J23_without_a_super_user_root_is_nobody()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=a", "allow.nosuser", "persist");
        Assert.Equal(0, machine.Start(jail, guest =>
        {
            Assert.Equal(Libc.Failed(Errno.EPERM), guest.SetHostName("x"));
            Assert.Equal(Libc.Failed(Errno.EPERM), guest.Call(Nr.chroot, guest.Push("/")));
        }));
    }

    [Fact]
    public void CH3_no_way_leads_out_of_the_root()
    {
        using var machine = new Machine();
        machine.MakeDirectory("/outside");
        machine.MakeDirectory("/j/inside/deep");
        var jail = machine.MakeJail("name=a", "path=/j", "persist");
        Assert.Equal(0, machine.Start(jail, guest =>
        {
            var root = guest.Inode("/");
            Assert.Equal(root, guest.Inode("/.."));
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Stat("/../outside"));

            // A directory descriptor kept over chroot(2), and chroot(2) without chdir(2): both lead to the jail's root, as on Linux.
            var top = guest.Open("/");
            Assert.Equal(0, guest.Call(Nr.chroot, guest.Push("/inside")));
            Assert.Equal(0, guest.Call(Nr.fchdir, (ulong)top));
            for (var i = 0; i < 20; i++)
            {
                _ = guest.Call(Nr.chdir, guest.Push(".."));
            }

            Assert.Equal(root, guest.Inode("."));
            Assert.Equal(0, guest.Call(Nr.chroot, guest.Push(".")));
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Stat("/outside"));
            Assert.Equal(0, guest.Stat("/inside"));
        }));
    }

    [Fact]
    public void CH4_a_working_directory_that_is_moved_out_has_no_way_up()
    {
        using var machine = new Machine();
        machine.MakeDirectory("/outside");
        machine.MakeDirectory("/j/a/b");
        var jail = machine.MakeJail("name=a", "path=/j", "persist");
        var process = machine.Spawn(jail, guest =>
        {
            Assert.Equal(0, guest.Call(Nr.chdir, guest.Push("/a/b")));
            _ = guest.Sleep(TimeSpan.FromSeconds(1));
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Stat(".."));
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Stat("../../outside"));
            Assert.Equal(0, guest.Stat("/a"));
        });
        machine.Settle();
        Assert.Equal(0, machine.Start(guest => Assert.Equal(0, guest.Call(Nr.rename, guest.Push("/j/a/b"), guest.Push("/outside/b")))));
        Assert.Equal(0, process.ExitStatus);
    }

    [Fact]
    public void I1_the_three_kinds_of_objects_are_each_none_own_or_inherited()
    {
        using var machine = new Machine();
        var outer = machine.MakeJail("name=a", "children.max=9", "persist");
        Assert.Equal(0, machine.Start(outer, guest => Assert.True(guest.Call(Nr.msgget, 7, 0x380) >= 0)));
        foreach (var (mode, expected) in (ReadOnlySpan<(string, Errno)>)[("disable", Errno.ENOSYS), ("new", Errno.ENOENT), ("inherit", Errno.OK)])
        {
            var jail = machine.MakeJail("name=a.b", $"sysvmsg={mode}", $"sysvsem={mode}", $"sysvshm={mode}", "persist");
            Assert.Equal(0, machine.Start(jail, guest =>
            {
                Assert.Equal(expected, (Errno)(-Math.Min(0, guest.Call(Nr.msgget, 7, 0))));
                var missing = mode == "disable" ? Errno.ENOSYS : Errno.ENOENT;
                Assert.Equal(Libc.Failed(missing), guest.Call(Nr.semget, 7, 1, 0));
                Assert.Equal(Libc.Failed(missing), guest.Call(Nr.shmget, 7, 4096, 0));
            }));
            _ = machine.Kernel.Jails.Remove(jail);
        }

        Assert.Equal(1, machine.Kernel.TakeCensus(outer).IpcObjects);
    }

    [Fact]
    public void I2_J30_the_same_key_is_another_object_in_another_jail()
    {
        using var machine = new Machine();
        var (a, b) = (machine.MakeJail("name=a", "persist"), machine.MakeJail("name=b", "persist"));
        Assert.Equal(0, machine.Start(a, guest =>
        {
            var set = guest.Call(Nr.semget, 0x1234, 1, 0x380);
            Assert.Equal(0, guest.Call(Nr.semctl, (ulong)set, 0, 16, 5)); // SETVAL
        }));
        Assert.Equal(0, machine.Start(b, guest =>
        {
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Call(Nr.semget, 0x1234, 1, 0));
            var set = guest.Call(Nr.semget, 0x1234, 1, 0x380);
            Assert.Equal(0, guest.Call(Nr.semctl, (ulong)set, 0, 12, 0)); // GETVAL
        }));
    }

    [Fact]
    public void I3_objects_go_with_their_jail()
    {
        using var machine = new Machine();
        var jail = machine.MakeJail("name=a", "persist");
        Assert.Equal(0, machine.Start(jail, guest =>
        {
            Assert.True(guest.Call(Nr.msgget, 1, 0x380) >= 0);
            Assert.True(guest.Call(Nr.semget, 1, 1, 0x380) >= 0);
            Assert.True(guest.Call(Nr.mq_open, guest.Push("queue"), (ulong)(OpenFlags.O_CREAT | OpenFlags.O_RDWR), 0x180, 0) >= 0);
        }));
        Assert.Equal(3, machine.Kernel.TakeCensus(jail).IpcObjects);
        _ = machine.Kernel.Jails.Remove(jail);
        Assert.Equal(0, machine.Kernel.TakeCensus(jail).IpcObjects);
    }

    [Fact]
    public void I6_message_queues_and_abstract_sockets_are_not_shared()
    {
        using var machine = new Machine();
        var (a, b) = (machine.MakeJail("name=a", "persist"), machine.MakeJail("name=b", "persist"));
        var process = machine.Spawn(a, guest =>
        {
            Assert.True(guest.Call(Nr.mq_open, guest.Push("queue"), (ulong)(OpenFlags.O_CREAT | OpenFlags.O_RDWR), 0x180, 0) >= 0);
            guest.BindAbstract("name");
            _ = guest.Pause();
        });
        machine.Settle();
        Assert.Equal(0, machine.Start(b, guest =>
        {
            Assert.Equal(Libc.Failed(Errno.ENOENT), guest.Call(Nr.mq_open, guest.Push("queue"), (ulong)OpenFlags.O_RDWR, 0, 0));
            guest.BindAbstract("name");
        }));
        Assert.False(process.IsZombie);
    }
}
