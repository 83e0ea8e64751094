using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>rctl(8) with real programs, through the library.</summary>
public sealed class ResourceTests
{
    private static readonly string[] s_python = ["python3", "-c"];

    // Each makes something seven times, tells, and keeps it until its input ends.
    private const string Prologue = "import ctypes,os,sys,socket,threading,time\nlibc=ctypes.CDLL(None,use_errno=True)\ndef done():\n  print('up',flush=True); sys.stdin.read()\n";

    [Theory]
    [InlineData("openfiles", "fds=[os.open('/dev/null',os.O_RDONLY) for _ in range(7)]", 7)]
    [InlineData("openfiles", "fds=[os.dup2(0,100+i) for i in range(7)]; os.dup2(1,100)", 7)]
    [InlineData("openfiles", "a,b=socket.socketpair(); p=os.pipe(); c=socket.socket(); d=c.dup(); e=os.dup(0)", 7)]
    [InlineData("maxproc", "for i in range(7):\n  if os.fork()==0:\n    time.sleep(1000)", 7)]
    [InlineData("nthr", "for i in range(7): threading.Thread(target=time.sleep,args=(1000,),daemon=True).start()", 7)]
    [InlineData("pseudoterminals", "m=[os.open('/dev/ptmx',os.O_RDWR) for _ in range(7)]", 7)]
    [InlineData("nshm", "[libc.shmget(0,4096,0o600) for _ in range(7)]", 7)]
    [InlineData("shmsize", "[libc.shmget(0,1000,0o600) for _ in range(7)]", 7000)]
    [InlineData("nsem", "libc.semget(0,3,0o600); libc.semget(0,4,0o600)", 7)]
    [InlineData("nmsgq", "[libc.msgget(0,0o600) for _ in range(7)]", 7)]
    [InlineData("msgqqueued", "q=libc.msgget(0,0o600); m=ctypes.create_string_buffer(b'\\1'+b'\\0'*7+b'x'*100)\nfor i in range(9): libc.msgsnd(q,m,100,0)\nlibc.msgrcv(q,m,100,0,0); libc.msgrcv(q,m,100,0,0)", 7)]
    [InlineData("msgqsize", "q=libc.msgget(0,0o600); m=ctypes.create_string_buffer(b'\\1'+b'\\0'*7+b'x'*100)\nfor i in range(7): libc.msgsnd(q,m,100,0)", 700)]
    [InlineData("memorylocked", "import mmap; m=mmap.mmap(-1,7*4096); b=(ctypes.c_char*1).from_buffer(m); libc.mlock(ctypes.c_void_p(ctypes.addressof(b)),ctypes.c_size_t(7*4096))", 28672)]
    public void R2_what_is_made_is_counted_and_given_back(string resource, string make, long expected)
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a" });
        var alone = Measure("", jail, resource);
        Assert.Equal(expected, Measure(make, jail, resource) - alone);
        Assert.Equal(0, Held(jail, resource));
        Assert.Equal(0, Held(kernel.Jails.Root, resource));
    }

    [Theory]
    [InlineData("maxproc", 3, "for i in range(9):\n  if os.fork()==0: time.sleep(1000)", 11)]                       // EAGAIN
    [InlineData("nthr", 3, "for i in range(9):\n  if os.fork()==0: time.sleep(1000)", 11)]
    [InlineData("openfiles", 8, "for i in range(9): os.dup(0)", 24)]                                                // EMFILE
    [InlineData("openfiles", 8, "for i in range(9): os.dup2(0,50+i)", 24)]
    [InlineData("pseudoterminals", 2, "for i in range(9): os.open('/dev/ptmx',os.O_RDWR)", 28)]                     // ENOSPC
    [InlineData("nshm", 2, "for i in range(9): check(libc.shmget(0,4096,0o600))", 28)]
    [InlineData("shmsize", 8192, "for i in range(9): check(libc.shmget(0,4096,0o600))", 28)]
    [InlineData("nsem", 5, "for i in range(9): check(libc.semget(0,2,0o600))", 28)]
    [InlineData("nsemop", 2, "s=libc.semget(0,5,0o600); b=(ctypes.c_short*9)(0,1,0,1,1,0,2,1,0); check(libc.semop(s,b,2)); check(libc.semop(s,b,3))", 7)] // E2BIG
    [InlineData("nmsgq", 2, "for i in range(9): check(libc.msgget(0,0o600))", 28)]
    [InlineData("msgqqueued", 2, "q=libc.msgget(0,0o600)\nfor i in range(9): check(libc.msgsnd(q,ctypes.create_string_buffer(b'\\1'+b'\\0'*9),1,0))", 11)]
    [InlineData("msgqsize", 250, "q=libc.msgget(0,0o600)\nfor i in range(9): check(libc.msgsnd(q,ctypes.create_string_buffer(b'\\1'+b'\\0'*199),100,0))", 11)]
    [InlineData("memorylocked", 65536, "import mmap; m=mmap.mmap(-1,1<<20); b=(ctypes.c_char*1).from_buffer(m)\nfor i in range(256): check(libc.mlock(ctypes.c_void_p(ctypes.addressof(b)+i*4096),ctypes.c_size_t(4096)))", 12)] // ENOMEM
    public void R3_a_denial_has_the_natural_errno(string resource, long limit, string make, int errno)
    {
        using var kernel = DragonetKernel.Boot();
        var hits = new List<LimitEvent>();
        kernel.Resources.LimitHit += hits.Add;
        kernel.Resources.Add($"jail:a:{resource}:deny={limit}"); // R6: before there is such a jail
        for (var round = 0; round < 2; round++)
        {
            using var jail = kernel.Jails.Create(new JailOptions { Name = "a" });
            hits.Clear();
            Assert.Equal($"{errno}\n", Output(jail, "def check(r):\n  if r<0: raise OSError(ctypes.get_errno(),'')\n  return r\ntry:\n  " + make.Replace("\n", "\n  ", StringComparison.Ordinal) + "\n  print('none')\nexcept OSError as e: print(e.errno,flush=True)\nos._exit(0)"));
            var hit = Assert.Single(hits);
            Assert.Equal(("a", resource, limit, "deny"), (hit.Jail, hit.Resource, hit.Limit, hit.Action));
            Assert.True(hit.Pid > 0 && hit.SystemCall > 0);
            Assert.Equal(1, jail.Usage.First(each => each.Resource == resource).Failures);
        }

        Assert.Equal(1, kernel.Resources.Remove("jail:a"));
        using var free = kernel.Jails.Create(new JailOptions { Name = "a" });
        Assert.NotEqual(limit, free.Usage.First(each => each.Resource == resource).Limit);
    }

    [Fact]
    public void R6_a_rule_is_there_before_its_jail_and_after_it()
    {
        using var kernel = DragonetKernel.Boot();
        kernel.Resources.Add("jail:a:maxproc:deny=1");
        for (var round = 0; round < 2; round++)
        {
            using var jail = kernel.Jails.Create(new JailOptions { Name = "a" });
            using var other = kernel.Jails.Create(new JailOptions { Name = "b" });
            Assert.Equal("", Shell(jail, "(echo second)")); // its first instruction is under the rule already
            Assert.Equal("second\n", Shell(other, "(echo second)"));
        }

        Assert.Equal(["jail:a:maxproc:deny=1"], kernel.Resources.List());
        Assert.Equal(1, kernel.Resources.Remove("jail:a:maxproc"));
        using var free = kernel.Jails.Create(new JailOptions { Name = "a" });
        Assert.Equal("second\n", Shell(free, "(echo second)"));
    }

    [Theory]
    [InlineData("datasize", "import mmap\nm=mmap.mmap(-1,200<<20,mmap.MAP_PRIVATE|mmap.MAP_ANONYMOUS)")]
    [InlineData("vmemoryuse", "import mmap\nm=mmap.mmap(-1,200<<20,mmap.MAP_SHARED|mmap.MAP_ANONYMOUS)")]
    public void R3_the_host_refuses_each_process_its_own(string resource, string make)
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a" });
        var script = $"try:\n  {make.Replace("\n", "\n  ", StringComparison.Ordinal)}\n  print(0)\nexcept OSError as e: print(e.errno)";
        Assert.Equal("0\n", Output(jail, script));
        kernel.Resources.Add($"jail:a:{resource}:deny=150m/process");
        Assert.Equal("12\n", Output(jail, script)); // ENOMEM
    }

    [Fact]
    public void R4_a_signal_comes_once_for_each_crossing()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a" });
        kernel.Resources.Add("jail:a:openfiles:sigusr1=10/process");
        kernel.Resources.Add("jail:a:openfiles:log=10/process");
        const string script = """
            import signal
            n=[0]
            signal.signal(signal.SIGUSR1, lambda *a: n.__setitem__(0,n[0]+1))
            for crossing in range(3):
                fds=[os.dup(0) for _ in range(20)]
                for fd in fds: os.close(fd)
            os.dup(0)
            print(n[0])
            """;
        Assert.Equal("3\n", Output(jail, script));
        Assert.Equal("3\n", Shell(kernel.Jails.Root, "dmesg | grep -c 'rule \"jail:a:openfiles:log=10/process\" matched by pid'"));
    }

    [Fact]
    public void R4_processor_time_ends_in_a_signal()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a" });
        kernel.Resources.Add("jail:a:cputime:sigkill=0");
        using var spinner = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", "while :; do :; done"] });
        Assert.Equal(128 + 9, spinner.Wait().ShellCode);
    }

    [Fact]
    public void R8_a_limit_of_processor_time_holds()
    {
        using var kernel = DragonetKernel.Boot();
        kernel.Resources.Add("jail:a:pcpu:deny=20");
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a" });

        // Two spin for two seconds; held to a fifth of a processor they get 0.4 s of the 4 there are. How exactly is bench's to
        // say; that they are held at all is a factor of five away from this bound. What Python's own start took does not count.
        const string script = """
            import time
            os.fork()
            begin, before = time.monotonic(), time.process_time()
            while time.monotonic() - begin < 2: pass
            print(time.process_time() - before)
            """;
        var used = Output(jail, script).Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(line => double.Parse(line, System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(used, 0.001, 0.8);
        Assert.Equal(0, kernel.Resources.Remove("jail:a") - 1);
        Assert.Equal("free\n", Shell(jail, "echo free"));
    }

    [Fact]
    public void R8_a_held_jail_can_be_stopped_killed_and_removed()
    {
        using var kernel = DragonetKernel.Boot();
        kernel.Resources.Add("jail:a:pcpu:deny=0");
        var jail = kernel.Jails.Create(new JailOptions { Name = "a" });
        using var spinner = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", "while :; do :; done"] });
        spinner.Signal(19);
        spinner.Signal(18);
        spinner.Signal(15);
        Assert.Equal(128 + 15, spinner.Wait().ShellCode);
        using var other = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", "while :; do (:); done"] });
        jail.RemoveAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        Assert.Equal("0", kernel.TakeCensus()["processes"]);
    }

    [Theory]
    [InlineData("writebps", "100k", "f=os.open('/tmp/x',os.O_CREAT|os.O_WRONLY)\nfor i in range(10): os.write(f,b'x'*10240)", 0.85)]
    [InlineData("readbps", "100k", "f=os.open('/tmp/x',os.O_CREAT|os.O_RDWR); os.write(f,b'x'*102400)\nfor i in range(10): os.pread(f,10240,i*10240)", 0.85)]
    [InlineData("writeiops", "10", "f=os.open('/tmp/x',os.O_CREAT|os.O_WRONLY)\nfor i in range(11): os.write(f,b'x')", 0.9)]
    [InlineData("readiops", "100", "f=os.open('/etc/passwd',os.O_RDONLY)\nfor i in range(105): os.pread(f,1,0)", 0.9)]
    public void R7_transfers_take_their_time(string resource, string rate, string script, double least)
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        _ = Output(jail, $"t=time.monotonic()\n{script}\nprint(time.monotonic()-t)");
        Assert.Equal($"jail:a:{resource}:throttle={(rate == "100k" ? "102400" : rate)}", Throttle(kernel, $"jail:a:{resource}:throttle={rate}"));
        var taken = double.Parse(Output(jail, $"t=time.monotonic()\n{script}\nprint(time.monotonic()-t)"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(taken >= least, $"{taken} s");
    }

    [Fact]
    public void O28_inside_is_shown_what_the_jail_has()
    {
        using var kernel = DragonetKernel.Boot(new KernelOptions { MemoryLimit = 512 << 20 });
        var processor = kernel.Jails.Root.Get("cpuset") is { Length: > 0 } list ? list : Shell(kernel.Jails.Root, "grep -m 1 processor /proc/cpuinfo | tr -dc 0-9");
        using var jail = kernel.Jails.Create(new JailOptions
        {
            Name = "a",
            Overlay = true,
            MemoryLimit = 128 << 20,
            Parameters = new Dictionary<string, string?> { ["cpuset"] = processor },
        });
        Assert.Equal("1 1 1\n", Shell(jail, "echo $(nproc) $(grep -c ^processor /proc/cpuinfo) $(grep -c '^cpu[0-9]' /proc/stat)"));
        Assert.Equal($"{processor} {processor}\n", Shell(jail, "echo $(cat /sys/devices/system/cpu/online) $(taskset -pc $$ | sed 's/.*: //')"));
        Assert.Equal("131072\n", Shell(jail, "awk '/MemTotal/{print $2}' /proc/meminfo"));
        Assert.Equal("fits\n", Shell(jail, "df -m / | awk 'NR==2 && $2 > 96 && $2 <= 128{print \"fits\"}'")); // what processes have is not free for files
        Assert.Equal("0\n", Shell(jail, "cut -d. -f1 /proc/uptime | awk '{print int($1/60)}'"));
        Assert.Equal("no\n", Shell(jail, "head -c 200M /dev/zero > /tmp/x 2>/dev/null || echo no"));
        Assert.Equal("no\n", Shell(jail, "python3 -c 'import time; x=b\"x\"*(100<<20); time.sleep(100)' 2>/dev/null && echo yes || echo no; rm /tmp/x"));
        Assert.Equal("131072\n", Shell(jail, "rm -f /tmp/x /dev/null; awk '/MemTotal/{print $2}' /proc/meminfo"));
        Assert.Equal("/dev/null\n", Shell(kernel.Jails.Root, "ls /dev/null")); // its own /dev
        var failure = Assert.Throws<JailException>(() => kernel.Jails.Create(new JailOptions { Name = "b", Parameters = new Dictionary<string, string?> { ["cpuset"] = "8191" } }));
        Assert.StartsWith("cpuset: a list of processors among ", failure.Message, StringComparison.Ordinal);
    }

    private static string Throttle(DragonetKernel kernel, string rule)
    {
        kernel.Resources.Add(rule);
        return Assert.Single(kernel.Resources.List());
    }

    [Fact]
    public void R5_jails_above_are_charged_too_and_all_must_have_room()
    {
        using var kernel = DragonetKernel.Boot();
        using var outer = kernel.Jails.Create(new JailOptions { Name = "a", Parameters = new Dictionary<string, string?> { ["children.max"] = "5", ["limit.maxproc"] = "4" } });
        using var inner = kernel.Jails.Create(new JailOptions { Name = "a.b" });
        using var sibling = kernel.Jails.Create(new JailOptions { Name = "c" });
        const string bomb = "n=0\ntry:\n  while True:\n    if os.fork()==0: time.sleep(1000)\n    n+=1\nexcept OSError: print(n,flush=True)\nsys.stdin.read()";
        using var inside = Start(inner, bomb);
        using var output = new StreamReader(inside.StandardOutput);
        Assert.Equal("3", output.ReadLine());
        Assert.Equal((4, 4, 0), (Held(inner, "maxproc"), Held(outer, "maxproc"), Held(sibling, "maxproc")));
        Assert.Equal(1, outer.Usage.First(each => each.Resource == "maxproc").Failures);
        Assert.Equal(0, inner.Usage.First(each => each.Resource == "maxproc").Failures);
        _ = Assert.Throws<ProgramException>(() => outer.Start(new ProgramOptions { Arguments = ["true"] }));
        Assert.Equal("fine\n", Shell(sibling, "echo fine")); // the same user, another jail
        inside.Signal(9);
    }

    [Fact]
    public void R5_users_are_counted_over_all_jails()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a" });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b" });
        kernel.Resources.Add("user:65534:maxproc:deny=3");
        using var first = a.Start(new ProgramOptions { Arguments = ["sh", "-c", "sleep 1000 & sleep 1000 & echo up; wait"], User = "65534", Output = GuestStream.Pipe });
        using var output = new StreamReader(first.StandardOutput);
        Assert.Equal("up", output.ReadLine());
        Assert.Equal(3, kernel.Resources.GetUse("user:65534")[0].Amounts.First(each => each.Resource == "maxproc").Held);
        using var second = b.Start(new ProgramOptions { Arguments = ["sh", "-c", "sleep 1 & echo not reached"], User = "65534", Error = GuestStream.Null });
        Assert.NotEqual(0, second.Wait().ShellCode);
        Assert.Equal("root\n", Shell(b, "(echo root)"));
    }

    [Fact]
    public async Task R9_events_and_use_of_all_jails()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create(new JailOptions { Name = "a", ProcessLimit = 2 });
        using var b = kernel.Jails.Create(new JailOptions { Name = "b" });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        await using var events = kernel.Resources.WatchAsync(stop.Token).GetAsyncEnumerator(stop.Token);
        var next = events.MoveNextAsync();
        _ = Shell(a, "sleep 0 & sleep 0 & sleep 0 & wait");
        Assert.True(await next);
        Assert.Equal(("a", "maxproc", 2L), (events.Current.Jail, events.Current.Resource, events.Current.Limit));
        Assert.Equal(["jail:a", "jail:b"], kernel.Resources.GetUse("jail:").Select(use => use.Subject));
        Assert.All(kernel.Resources.GetUse("jail:"), use => Assert.Equal(ResourceControl.Names, use.Amounts.Select(amount => amount.Resource)));
    }

    private static long Measure(string make, GuestJail jail, string resource)
    {
        using var process = Start(jail, make + "\ndone()");
        using var output = new StreamReader(process.StandardOutput);
        Assert.Equal("up", output.ReadLine());
        var held = Held(jail, resource);
        // Whatever IPC objects it made go with the clean-up of the next script; processes go with the signal.
        jail.Signal(9);
        _ = process.Wait();
        _ = Shell(jail, "ipcrm -a");
        WaitForEmpty(jail);
        return held;
    }

    private static void WaitForEmpty(GuestJail jail)
    {
        while (jail.Processes.Count > 0)
        {
            Thread.Yield();
        }
    }

    private static long Held(GuestJail jail, string resource) => jail.Usage.First(each => each.Resource == resource).Held;

    private static GuestProcess Start(GuestJail jail, string script)
        => jail.Start(new ProgramOptions { Arguments = [.. s_python, Prologue + script], Input = GuestStream.Pipe, Output = GuestStream.Pipe });

    private static string Output(GuestJail jail, string script)
    {
        using var process = Start(jail, script);
        using var output = new StreamReader(process.StandardOutput);
        _ = process.Wait(); // what it prints fits into the pipe
        jail.Signal(9);     // children have the pipe, too
        WaitForEmpty(jail);
        return output.ReadToEnd();
    }

    private static string Shell(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", script], Output = GuestStream.Pipe, Error = GuestStream.Null });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
