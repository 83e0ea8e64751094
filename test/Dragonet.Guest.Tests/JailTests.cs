using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Jails with real programs, through the library.</summary>
public sealed class JailTests
{
    private static readonly string[] s_shell = ["sh", "-c"];

    [Fact]
    public async Task J9_the_owning_handle_removes_the_jail_and_all_in_it()
    {
        using var kernel = DragonetKernel.Boot();
        var jail = await kernel.Jails.CreateAsync(new JailOptions { Name = "web", HostName = "web" }, TestContext.Current.CancellationToken);
        await using (jail)
        {
            Assert.Equal("web\n", Run(jail, "uname -n"));
            using var sleeper = jail.Start(new ProgramOptions { Arguments = ["sleep", "1000"] });
            _ = Assert.Single(jail.Processes);
        }

        Assert.True(jail.IsGone);
        Assert.Null(kernel.Jails.Find("web"));
        Assert.Equal("0", kernel.TakeCensus()["processes"]);
        using var again = kernel.Jails.Create(new JailOptions { Name = "web" });
        Assert.NotEqual(jail.Id, again.Id);
        _ = Assert.Throws<ProgramException>(() => jail.Start(new ProgramOptions { Arguments = ["true"] }));
    }

    [Fact]
    public void N6_one_base_for_all_and_changes_of_their_own()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b", Overlay = true });
        Assert.Equal("", Run(a, "echo changed > /etc/hostname; rm /etc/passwd; mkdir /var/mine; echo x > /dev/shm/x; echo y > /tmp/y"));
        Assert.Equal("changed\n", Run(a, "cat /etc/hostname"));
        Assert.Equal("no no no yes\n", Run(b, "for f in /var/mine /dev/shm/x /tmp/y /etc/passwd; do [ -e $f ] && printf yes || printf no; [ $f = /etc/passwd ] && echo || printf ' '; done"));
        Assert.NotEqual("changed\n", Run(b, "cat /etc/hostname"));
        Assert.Equal("yes\n", Run(kernel.Jails.Root, "[ -e /etc/passwd ] && echo yes"));
    }

    [Fact]
    public void J20_programs_see_their_own_jail_only()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a" });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b" });
        using var secret = b.Start(new ProgramOptions { Arguments = ["sleep", "4321"] });
        Assert.Equal("", Run(a, "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o '[s]leep 4321'"));
        Assert.Equal("gone\n", Run(a, $"kill -9 {secret.Id} 2>/dev/null || echo gone; kill -9 -1 2>/dev/null"));
        Assert.Equal("4321\n", Run(kernel.Jails.Root, $"tr '\\0' '\\n' < /proc/{secret.Id}/cmdline | tail -n 1"));
    }

    [Fact]
    public void J8_a_tree_of_programs_with_everything_open_leaves_nothing()
    {
        using var kernel = DragonetKernel.Boot();
        const string tree = """
            mkfifo /tmp/f; (cat /tmp/f & sleep 1000 | cat &) ; exec 3<>/tmp/f 4</etc/passwd
            python3 -c 'import socket,fcntl,mmap,os,time
            s=socket.socket(socket.AF_UNIX); s.bind("\0name"); s.listen()
            f=open("/tmp/lock","w"); fcntl.flock(f,fcntl.LOCK_EX); m=mmap.mmap(-1,1<<20)
            os.fork(); os.fork(); print("up",flush=True); time.sleep(1000)'
            """;
        var before = kernel.TakeCensus();
        for (var round = 0; round < 20; round++)
        {
            var jail = kernel.Jails.Create(new JailOptions { Name = "tree", Overlay = true });
            using var process = jail.Start(new ProgramOptions { Arguments = [.. s_shell, tree], Output = GuestStream.Pipe });
            using var output = new StreamReader(process.StandardOutput);
            Assert.Equal("up", output.ReadLine());
            jail.RemoveAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
            Assert.Equal("0", jail.TakeCensus()["processes"]);
        }

        // Timers of the kernel's own looks at memory come and go.
        var after = kernel.TakeCensus();
        Assert.Equal(before.Where(pair => pair.Key is not ("timers" or "buffered.bytes")), after.Where(pair => pair.Key is not ("timers" or "buffered.bytes")));
    }

    [Fact]
    public void A_program_that_cannot_start_leaves_nothing()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a" });
        _ = Assert.Throws<ProgramException>(() => jail.Start(new ProgramOptions { Arguments = ["no-such-program"] }));
        _ = Assert.Throws<ProgramException>(() => jail.Start(new ProgramOptions { Arguments = ["/etc/passwd"] }));
        Assert.Equal("0", kernel.TakeCensus()["processes"]);
    }

    [Fact]
    public void R2_who_has_too_much_memory_is_killed_and_the_neighbour_is_not()
    {
        using var kernel = DragonetKernel.Boot();
        using var small = kernel.Jails.Create(new JailOptions { Name = "small", MemoryLimit = 64 << 20 });
        using var other = kernel.Jails.Create(new JailOptions { Name = "other" });
        const string eat = "import time; x = b'x' * (200 << 20); print(len(x) >> 20, flush=True); time.sleep(100)";
        using var fine = other.Start(new ProgramOptions { Arguments = ["python3", "-c", eat], Output = GuestStream.Pipe });
        using var output = new StreamReader(fine.StandardOutput);
        Assert.Equal("200", output.ReadLine());
        using var greedy = small.Start(new ProgramOptions { Arguments = ["python3", "-c", eat] });
        Assert.Equal(128 + 9, greedy.Wait().ShellCode);
        Assert.True(small.Usage.First(each => each.Resource == "memoryuse").Failures > 0);
        Assert.Equal("alive\n", Run(other, $"kill -0 {fine.Id} && echo alive"));
    }

    [Fact]
    public void J24_a_name_given_later_and_a_limit_that_holds()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", ProcessLimit = 5 });
        jail.Set(new KeyValuePair<string, string?>("host.hostname", "later"));
        Assert.Equal("later\n", Run(jail, "hostname"));
        Assert.Equal("", Run(jail, "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 >/dev/null & done; echo not reached"));
        var usage = jail.Usage.First(each => each.Resource == "maxproc");
        Assert.True(usage is { MaxHeld: 5, Limit: 5, Failures: > 0 });
    }

    internal static string Run(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = [.. s_shell, script], Output = GuestStream.Pipe, Error = GuestStream.Null });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
