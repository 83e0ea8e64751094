using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>What a jail shows of the machine, and IPC objects of its own, with real programs.</summary>
public sealed class JailSystemTests
{
    [Fact]
    public void J12_jail_0_has_everything_and_a_jail_knows_that_it_is_one()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a", Parameters = new Dictionary<string, string?> { ["children.max"] = "3" } });
        using var b = kernel.Jails.Create(new JailOptions { Name = "a.b" });
        using var sleeper = b.Start(new ProgramOptions { Arguments = ["sleep", "1000"] });
        Assert.Equal($"{sleeper.Id} sleep\n", Run(kernel.Jails.Root, $"echo {sleeper.Id} $(cat /proc/{sleeper.Id}/comm)"));
        Assert.Equal("0\n", Run(kernel.Jails.Root, "cat /proc/sys/security/jail/jailed"));
        Assert.Equal("1\n", Run(a, "cat /proc/sys/security/jail/jailed"));
        Assert.Contains(kernel.Jails.Root.Processes, process => process.Pid == sleeper.Id && process.Jail == "a.b");
    }

    [Fact]
    public void J12_programs_are_told_that_they_run_in_a_container_of_ours()
    {
        HostTool.Require("systemd-detect-virt", "systemd");
        using var kernel = DragonetKernel.Boot();
        using var own = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        foreach (var jail in (GuestJail[])[kernel.Jails.Root, own])
        {
            Assert.Equal("container-other\ndragonet\n", Run(jail, "systemd-detect-virt; cat /run/host/container-manager"));
        }
    }

    [Fact]
    public void J32_a_jail_reads_how_many_may_be_in_it_and_cannot_change_that()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a", Parameters = new Dictionary<string, string?> { ["children.max"] = "3" } });
        const string look = "cd /proc/sys/security/jail/children; echo $(cat max) $(cat cur); echo 9 >max";
        Assert.Equal("3 0\n", Run(a, look));
        using (kernel.Jails.Create(new JailOptions { Name = "a.b" }))
        {
            Assert.Equal("3 1\n", Run(a, look));
        }

        a.Set(new KeyValuePair<string, string?>("children.max", "5"));
        Assert.Equal("5 0\n", Run(a, look));
    }

    [Theory]
    [InlineData(0, "/ /tmp/in /proc /sys /dev /dev/pts /dev/shm")]
    [InlineData(1, "/ /tmp/in /proc /sys /dev /dev/pts /dev/shm")]
    [InlineData(2, "/")]
    public void J26_mounts_are_shown_as_enforce_statfs_says(int level, string mounts)
    {
        using var kernel = DragonetKernel.Boot();
        _ = Run(kernel.Jails.Root, "mkdir /tmp/in; mount -t tmpfs -o size=64k tmpfs /tmp/in; mount -t tmpfs tmpfs /mnt; mkdir /mnt/outside");
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Parameters = new Dictionary<string, string?> { ["enforce_statfs"] = $"{level}" } });
        var shown = Run(jail, "cut -d' ' -f2 /proc/mounts").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Empty(mounts.Split(' ').Except(shown));
        Assert.Equal(level == 2 ? 1 : shown.Length, shown.Length);
        Assert.Equal(shown, Run(jail, "cut -d' ' -f5 /proc/self/mountinfo").Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("16\n", Run(jail, "stat -f -c %b /tmp/in")); // what a program has in its hands it may ask about
    }

    [Fact]
    public void J27_devices_are_a_list_and_others_are_dead()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        Assert.Equal("console fd full kmsg mqueue net null ptmx pts random shm stderr stdin stdout tty urandom zero\n", Run(jail, "echo $(LC_ALL=C ls /dev)"));
        Assert.Equal(
            "1:3 OK\n1:1 ENXIO\n8:0 ENXIO\n10:232 ENXIO\n1:2 ENXIO\n1:8 OK\n",
            Run(jail, """
                python3 -c '
                import errno,os,stat
                for kind,major,minor in ((stat.S_IFCHR,1,3),(stat.S_IFCHR,1,1),(stat.S_IFBLK,8,0),(stat.S_IFCHR,10,232),(stat.S_IFCHR,1,2),(stat.S_IFCHR,1,8)):
                    os.mknod("/tmp/n",kind|0o666,os.makedev(major,minor))
                    try: os.close(os.open("/tmp/n",os.O_RDWR)); said="OK"
                    except OSError as e: said=errno.errorcode[e.errno]
                    os.unlink("/tmp/n"); print(f"{major}:{minor} {said}")
                '
                """));
    }

    [Fact]
    public void J29_a_jail_has_the_processors_that_it_was_given()
    {
        using var kernel = DragonetKernel.Boot();
        Assert.SkipUnless(Environment.ProcessorCount > 1, "one processor is all there is");
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Parameters = new Dictionary<string, string?> { ["cpuset"] = "1" } });
        const string look = "nproc; grep -c ^processor /proc/cpuinfo; cat /sys/devices/system/cpu/online; python3 -c 'import os; print(os.sched_getaffinity(0))'; taskset -c 0 true 2>/dev/null && echo outside";
        Assert.Equal("1\n1\n1\n{1}\n", Run(jail, look));
        jail.Set(new KeyValuePair<string, string?>("cpuset", "0-1"));
        Assert.Equal("2\n2\n0-1\n{0, 1}\noutside\n", Run(jail, look));
    }

    [Fact]
    public void J31_a_jail_has_a_release_of_its_own()
    {
        using var kernel = DragonetKernel.Boot();
        using var old = kernel.Jails.Create(new JailOptions { Name = "a", Parameters = new Dictionary<string, string?> { ["osrelease"] = "2.6.9" } });
        using var later = kernel.Jails.Create(new JailOptions { Name = "b", Parameters = new Dictionary<string, string?> { ["osrelease"] = "5.15.0" } });
        Assert.Equal("5.15.0 5.15.0\n", Run(later, "echo $(uname -r) $(cat /proc/sys/kernel/osrelease)"));
        Assert.Equal("2.6.9\n", Run(old, "cat /proc/sys/kernel/osrelease"));
        Assert.Equal(DragonetKernel.Release + "\n", Run(kernel.Jails.Root, "uname -r"));
    }

    [Fact]
    public void J25_a_secure_level_takes_the_right_to_change_file_flags_for_good()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Parameters = new Dictionary<string, string?> { ["allow.chflags"] = null } });
        const string look = "grep CapEff /proc/self/status | cut -f2";
        const ulong immutable = 1UL << 9; // CAP_LINUX_IMMUTABLE
        Assert.NotEqual(0UL, Convert.ToUInt64(Run(jail, look).Trim(), 16) & immutable);
        jail.Set(new KeyValuePair<string, string?>("securelevel", "1"));
        Assert.Equal(0UL, Convert.ToUInt64(Run(jail, look).Trim(), 16) & immutable);
        Assert.Contains("it can only be raised", Assert.Throws<JailException>(() => jail.Set(new KeyValuePair<string, string?>("securelevel", "0"))).Message, StringComparison.Ordinal);
        using var parent = kernel.Jails.Create(new JailOptions { Name = "p", Parameters = new Dictionary<string, string?> { ["securelevel"] = "2", ["children.max"] = "2" } });
        using var child = kernel.Jails.Create(new JailOptions { Name = "p.c" });
        Assert.Equal("2", child.Get("securelevel"));
        parent.Set(new KeyValuePair<string, string?>("securelevel", "3"));
        Assert.Equal("3", child.Get("securelevel"));
    }

    [Fact]
    public void I4_limits_of_objects_are_each_jails_own_and_never_above_what_was_given()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a", Parameters = new Dictionary<string, string?> { ["limit.shmsize"] = "100k" } });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b" });
        const string make = "python3 -c 'import ctypes; print([ctypes.CDLL(None).shmget(0,size,0o600)>=0 for size in (8192,65536,200000)])'";
        Assert.Equal("10000\n[True, False, False]\n", Run(a, "echo 10000 >/proc/sys/kernel/shmmax; cat /proc/sys/kernel/shmmax; " + make));
        Assert.Equal("[True, True, True]\n", Run(b, make));
        // Above what the jail may have, whatever its own limits say: 8192 bytes are there already.
        Assert.Equal("[True, True, False]\n", Run(a, "echo 1000000 >/proc/sys/kernel/shmmax; " + make));
        Assert.Equal("32000\n5\n", Run(b, "cut -f4 /proc/sys/kernel/sem; echo 250 32000 100 5 >/proc/sys/kernel/sem; cut -f4 /proc/sys/kernel/sem"));
        Assert.Equal("32000\n", Run(a, "cut -f4 /proc/sys/kernel/sem"));
    }

    [Fact]
    public void I5_POSIX_shared_memory_and_semaphores_are_the_jails_own_even_on_one_root()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a" });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b" });
        const string program = """
            from multiprocessing import shared_memory, resource_tracker; import ctypes, os
            resource_tracker.register = lambda *a: None
            s = shared_memory.SharedMemory("same", create=True, size=100); s.buf[:1] = os.environ["MARK"].encode()
            l = ctypes.CDLL(None); l.sem_open.restype = ctypes.c_void_p; print(bool(l.sem_open(b"/same", 0o300, 0o600, 1)), sorted(os.listdir("/dev/shm")))
            """;
        foreach (var (jail, mark) in ((GuestJail, string)[])[(a, "A"), (b, "B")])
        {
            Assert.Equal("True ['same', 'sem.same']\n", Run(jail, $"MARK={mark} python3 -c '{program}'"));
        }

        Assert.Equal("A", Run(a, "head -c 1 /dev/shm/same"));
        Assert.Equal("B", Run(b, "head -c 1 /dev/shm/same"));
        Assert.Equal("", Run(kernel.Jails.Root, "ls /dev/shm"));
    }

    [Fact]
    public async Task I8_the_semantics_hold_in_two_jails_at_the_same_time()
    {
        string[] programs = ["sysvipc", "mqueue"];
        var directory = Path.GetDirectoryName(programs.Select(GuestPrograms.Build).Last())!;
        using var kernel = DragonetKernel.Boot(new KernelOptions { Volumes = [new Volume(directory, "/guest", ReadOnly: true)] });
        using var a = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b", Overlay = true });
        using var alone = kernel.Jails.Create(new JailOptions { Name = "c", Overlay = true });
        foreach (var program in programs)
        {
            var script = $"cd /tmp; /guest/{program} 2>&1";
            var both = await Task.WhenAll(Task.Run(() => Run(a, script)), Task.Run(() => Run(b, script)));
            var expected = Run(alone, script);
            Assert.NotEqual("", expected);
            Assert.Equal([expected, expected], both);
        }
    }

    private static string Run(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", script], Output = GuestStream.Pipe, Error = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
