using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Root of a jail that is allowed everything (test/guest/hostile.py), and those who live beside it.</summary>
public sealed class HostileJailTests
{
    // What a neighbour can see of itself and of the machine.
    private const string State = """
        hostname; cat /proc/mounts; ls -la /dev /dev/shm /tmp / | grep -v ' \.\.\?$' | awk '{print $1,$3,$4,$5,$6,$NF}'; ipcs -a | grep -c 0x; ps -eo args= | sort | grep -v 'ps -eo\|sort\|grep\|sh -c\|hostile.py'
        cat /etc/passwd | md5sum; for f in $(find /proc/sys -type f | sort); do echo $f $(cat $f 2>/dev/null | tr '\0' ' '); done | grep -v 'random\|jail/children/cur\|pid_max_\|inode\|file-nr\|dentry\|pty/nr'; nproc; ulimit -a; umask; cat /proc/self/oom_score_adj
        """;

    private const string Needs = """
        import os,socket,ctypes
        libc=ctypes.CDLL(None)
        fds=[os.open('/dev/null',os.O_RDONLY) for _ in range(200)]
        ends=[os.open('/dev/ptmx',os.O_RDWR) for _ in range(10)]
        pipes=[os.pipe() for _ in range(50)]
        for r,w in pipes: os.write(w,b'x'*65536)
        assert libc.shmget(0,1<<20,0o600)>=0 and libc.semget(0,10,0o600)>=0 and libc.msgget(0,0o600)>=0
        open('/dev/shm/w','wb').write(b'x'*(20<<20)); os.unlink('/dev/shm/w')
        m=os.memfd_create('m'); os.write(m,b'x'*(5<<20))
        children=[os.fork() for _ in range(1)]
        if children[0]==0: os._exit(0)
        os.wait()
        x=bytearray(50<<20)
        s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); c=socket.create_connection(s.getsockname())
        print('fine')
        """;

    [Fact]
    public void A_jail_that_is_allowed_everything_changes_nothing_outside()
    {
        using var kernel = DragonetKernel.Boot(new KernelOptions
        {
            MemoryLimit = 768L << 20,
            TaskLimit = 32768,
            Volumes = [new Volume(Path.Combine(Repository.Root, "test/guest"), "/guest", ReadOnly: true)],
        });
        using var witness = kernel.Jails.Create(new JailOptions { Name = "witness", Overlay = true });
        using var living = witness.Start(new ProgramOptions
        {
            Arguments = ["python3", "-c", "import socket,time\ns=socket.socket(socket.AF_UNIX); s.bind('\\0witness'); s.listen()\nt=socket.socket(); t.bind(('127.0.0.1',7777)); t.listen()\nprint('up',flush=True); time.sleep(10000)"],
            Output = GuestStream.Pipe,
        });
        using var up = new StreamReader(living.StandardOutput);
        Assert.Equal("up", up.ReadLine());
        _ = Run(witness, "touch /witness-marker");
        var before = (Run(witness, State), Run(kernel.Jails.Root, State));
        var census = witness.TakeCensus();

        var everything = Everything();
        everything["enforce_statfs"] = "0";
        var hostile = kernel.Jails.Create(new JailOptions { Name = "hostile", Overlay = true, Parameters = everything });
        _ = Run(hostile, "touch /jail-marker");
        using var attacker = hostile.Start(new ProgramOptions { Arguments = ["python3", "/guest/hostile.py"], Output = GuestStream.Pipe, Error = GuestStream.Null });
        using var told = new StreamReader(attacker.StandardOutput);
        var lines = new List<string>();
        while (told.ReadLine() is { } line && line != "held")
        {
            lines.Add(line);
        }

        Assert.Empty(lines);
        Assert.Equal(before.Item1, Run(witness, State));
        Assert.Equal("fine\n", Run(witness, $"python3 -c \"{Needs}\"; ipcrm -a"));
        Assert.Equal(before.Item2, Run(kernel.Jails.Root, State));
        var now = witness.TakeCensus();
        foreach (var what in (ReadOnlySpan<string>)["processes", "tasks", "files", "sockets", "mounts", "unix.names", "terminals"])
        {
            Assert.Equal((what, census[what]), (what, now[what]));
        }

        hostile.RemoveAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        Assert.Equal("0", hostile.TakeCensus()["processes"]);
        Assert.Equal(before.Item1, Run(witness, State));
        Assert.Equal(before.Item2, Run(kernel.Jails.Root, State));
    }

    private static Dictionary<string, string?> Everything()
    {
        var all = new Dictionary<string, string?>();
        foreach (var name in JailCollection.ParameterNames.Where(name => name.StartsWith("allow.", StringComparison.Ordinal)))
        {
            all[name] = "true";
        }

        return all;
    }

    private static string Run(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["sh", "-c", script], Output = GuestStream.Pipe, Error = GuestStream.Null });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
