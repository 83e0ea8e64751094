using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Jails that share the stack of the jail they are in, each with its own addresses (ip4.addr).</summary>
public sealed class JailAddressTests
{
    public JailAddressTests() => HostTool.Require("python3", "python3");

    [Fact]
    public void J28_bind_connect_and_names_go_by_the_addresses_of_the_jail()
    {
        const string table = """
            import errno, socket, sys
            def tell(f):
                try: print(f())
                except OSError as e: print(errno.errorcode[e.errno])
            def bound(a, kind=socket.SOCK_STREAM):
                s = socket.socket(socket.AF_INET, kind); s.bind((a, 0)); return s.getsockname()[0]
            for a in sys.argv[1:]: tell(lambda: bound(a)); tell(lambda: bound(a, socket.SOCK_DGRAM))
            tell(lambda: socket.socket(socket.AF_INET6))
            u = socket.socket(2, 2); u.connect(("10.9.0.3", 9)); print(u.getsockname()[0])
            """;
        using var kernel = DragonetKernel.Boot();
        using var a = Make(kernel, "a", ("ip4.addr", "10.9.0.1,10.9.0.2"));
        using var b = Make(kernel, "b", ("ip4.addr", "10.9.0.3"));
        using var c = Make(kernel, "c", ("ip4", "disable"), ("ip6.addr", "fd00::9"));
        Assert.Equal("0.0.0.0\n0.0.0.0\n10.9.0.2\n10.9.0.2\nEADDRNOTAVAIL\nEADDRNOTAVAIL\n10.9.0.1\n10.9.0.1\nEAFNOSUPPORT\n10.9.0.1\n", Python(a, table, "0.0.0.0 10.9.0.2 10.9.0.3 127.0.0.1"));
        Assert.Equal("10.9.0.3\n10.9.0.3\nEADDRNOTAVAIL\nEADDRNOTAVAIL\n10.9.0.3\n10.9.0.3\nEAFNOSUPPORT\n10.9.0.3\n", Python(b, table, "0.0.0.0 10.9.0.2 127.0.0.1"));
        Assert.Equal("97 fd00::9\n", Python(c, """
            import socket
            try: socket.socket()
            except OSError as e: print(e.errno, end=" ")
            s = socket.socket(socket.AF_INET6); s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1); s.bind(("::", 0)); print(s.getsockname()[0])
            """));
    }

    [Fact]
    public void J28_jails_listen_on_one_port_and_answer_from_their_addresses()
    {
        const string serve = "import socket; t=socket.socket(); t.bind(('0.0.0.0',80)); t.listen(); u=socket.socket(2,2); u.bind(('0.0.0.0',80)); print('up',flush=True); m,p=u.recvfrom(9); u.sendto(NAME,p); c,p=t.accept(); c.sendall(NAME+p[0].encode()); u.recvfrom(9)";
        const string ask = """
            import socket, sys
            u = socket.socket(2, 2); u.settimeout(50); u.sendto(b'x', (sys.argv[1], 80)); print(u.recvfrom(9))
            c = socket.create_connection((sys.argv[1], 80), 50); print(c.getpeername(), c.makefile().read(9))
            """;
        using var kernel = DragonetKernel.Boot();
        using var a = Make(kernel, "a", ("ip4.addr", "10.9.0.1,10.9.0.2"));
        using var b = Make(kernel, "b", ("ip4.addr", "10.9.0.3"));
        using var client = Make(kernel, "c", ("ip4.addr", "10.9.0.7"));
        foreach (var (jail, name, address) in ((GuestJail, string, string)[])[(a, "A", "10.9.0.1"), (b, "B", "10.9.0.3")])
        {
            using var server = jail.Start(new ProgramOptions { Arguments = ["python3", "-c", serve.Replace("NAME", $"b'{name}'", StringComparison.Ordinal)], Output = GuestStream.Pipe });
            using var output = new StreamReader(server.StandardOutput);
            Assert.Equal("up", output.ReadLine());
            Assert.Equal($"(b'{name}', ('{address}', 80))\n('{address}', 80) {name}10.9.0.7\n", Python(client, ask, address));
        }
    }

    [Fact]
    public void J28_127_0_0_1_is_the_address_of_127_that_the_jail_has()
    {
        const string program = """
            import socket
            s = socket.socket(); s.bind(("127.0.0.1", 5432)); s.listen(); print(s.getsockname(), flush=True)
            c = socket.create_connection(("127.0.0.1", 5432)); n, p = s.accept()
            print(c.getpeername(), c.getsockname()[0], p[0], n.getsockname(), n.getpeername()[0])
            u = socket.socket(2, 2); u.bind(("127.0.0.1", 53)); u.sendto(b"x", ("127.0.0.1", 53)); print(u.recvfrom(9))
            try: socket.create_connection(("127.0.0.1", 5433))
            except ConnectionRefusedError: print("refused", flush=True)
            input()
            """;
        const string told = "('127.0.0.1', 5432)\n('127.0.0.1', 5432) 127.0.0.1 127.0.0.1 ('127.0.0.1', 5432) 127.0.0.1\n(b'x', ('127.0.0.1', 53))\nrefused\n";
        using var kernel = DragonetKernel.Boot();
        using var a = Make(kernel, "a", ("ip4.addr", "10.9.0.1,127.0.0.5"));
        using var b = Make(kernel, "b", ("ip4.addr", "10.9.0.2,127.0.0.6"));
        using var root = kernel.Start(new ProgramOptions { Arguments = ["python3", "-c", "import socket; s=socket.socket(); s.bind(('127.0.0.1',5433)); s.listen(); print('up',flush=True); input()"], Input = GuestStream.Pipe, Output = GuestStream.Pipe });
        Assert.Equal("up", new StreamReader(root.StandardOutput).ReadLine());
        var running = new List<GuestProcess>();
        foreach (var jail in new[] { a, b }) // at once
        {
            running.Add(jail.Start(new ProgramOptions { Arguments = ["python3", "-c", program], Input = GuestStream.Pipe, Output = GuestStream.Pipe }));
            var output = new StreamReader(running[^1].StandardOutput);
            Assert.Equal(told, string.Concat(Enumerable.Range(0, 4).Select(_ => output.ReadLine() + "\n")));
        }

        // Who has no such address reaches its first one: nobody listens there.
        using var c = Make(kernel, "c", ("ip4.addr", "10.9.0.3"));
        Assert.Equal("111\n", Python(c, "import socket; print(socket.socket().connect_ex(('127.0.0.1', 5432)))"));
        running.ForEach(static process => process.Dispose());
    }

    [Fact]
    public void J28_a_jail_sees_its_own_sockets_and_addresses_and_changes_no_interface()
    {
        const string program = """
            import socket, subprocess
            s = socket.socket(); s.bind(("0.0.0.0", 80)); s.listen()
            print([l.split()[1] for l in open("/proc/net/tcp").readlines()[1:]])
            def tell(*args):
                try: socket.socket(*args); print("ok")
                except OSError as e: print(e.errno)
            tell(socket.AF_INET, socket.SOCK_RAW, 1); tell(socket.AF_PACKET, socket.SOCK_RAW, 0)
            import fcntl, struct
            try: fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 0))
            except OSError as e: print(e.errno)
            """;
        using var kernel = DragonetKernel.Boot();
        using var a = Make(kernel, "a", ("ip4.addr", "10.9.0.1"), ("allow.raw_sockets", null));
        using var b = Make(kernel, "b", ("ip4.addr", "10.9.0.2"));
        using var root = kernel.Start(new ProgramOptions { Arguments = ["python3", "-c", "import socket; s=socket.socket(); s.bind(('0.0.0.0',22)); s.listen(); print('up',flush=True); input()"], Input = GuestStream.Pipe, Output = GuestStream.Pipe });
        Assert.Equal("up", new StreamReader(root.StandardOutput).ReadLine());
        Assert.Equal("['0100090A:0050']\nok\n1\n1\n", Python(a, program));
        Assert.Equal("['0200090A:0050']\n1\n1\n1\n", Python(b, program));
        Assert.Equal("10.9.0.1\n", JailTests.Run(a, "ip -4 -o addr | awk '{sub(\"/.*\", \"\", $4); print $4}'"));
        Assert.Equal("99 99\n", Python(a, """
            import socket, struct
            r = socket.socket(2, socket.SOCK_RAW, 1)
            def no(f):
                try: f(); return 0
                except OSError as e: return e.errno
            r.setsockopt(0, 3, 1) # IP_HDRINCL
            forged = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 1, 0, bytes([10,9,0,2]), bytes([10,9,0,1])) + bytes(8)
            print(no(lambda: r.bind(("10.9.0.2", 0))), no(lambda: r.sendto(forged, ("10.9.0.1", 0))))
            """));
    }

    [Theory]
    [InlineData("ip4.addr=10.9.0.1", "jail \"a\" has 10.9.0.1")] // FreeBSD: only jails with one address share it
    [InlineData("ip4.addr=10.9.0.300", "not [INTERFACE|]ADDRESS[/LENGTH]")]
    [InlineData("ip4.addr=fd00::1", "not [INTERFACE|]ADDRESS[/LENGTH]")]
    [InlineData("ip4.addr=10.9.0.7/33", "not [INTERFACE|]ADDRESS[/LENGTH]")]
    [InlineData("ip4.addr=10.9.0.7,10.9.0.7", "10.9.0.7 twice")]
    [InlineData("ip4.addr=em0|10.9.0.7", "no interface em0 in jail 0")]
    [InlineData("ip4.addr=10.9.0.7 vnet=true", "for jails without vnet and net")]
    [InlineData("ip4.addr=10.9.0.7 net=lan0", "for jails without vnet and net")]
    [InlineData("ip4.addr=10.9.0.7 ip4=inherit", "not with inherit")]
    [InlineData("name=a.x ip4.addr=10.9.0.9", "not an address of jail \"a\"")]
    public void J28_what_cannot_be_is_said_and_leaves_nothing(string parameters, string message)
    {
        using var kernel = DragonetKernel.Boot();
        using var a = Make(kernel, "a", ("ip4.addr", "10.9.0.1,10.9.0.2"), ("children.max", "1"));
        List<KeyValuePair<string, string?>> all = [new("name", "x"), new("persist", null)];
        all.AddRange(parameters.Split(' ').Select(static text => text.Split('=')).Select(static pair => new KeyValuePair<string, string?>(pair[0], pair[1])));
        var failure = Assert.Throws<JailException>(() => kernel.Jails.Create(all));
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.Single(kernel.Jails.List());
        Assert.DoesNotContain("10.9.0.7", RootAddresses(kernel), StringComparison.Ordinal);
    }

    [Fact]
    public void J28_addresses_go_with_the_jail_and_below_it_are_some_of_its_own()
    {
        using var kernel = DragonetKernel.Boot();
        for (var i = 0; i < 20; i++)
        {
            using var jail = Make(kernel, "a", ("ip4.addr", "10.9.0.1/24,10.9.0.2/24"), ("children.max", "2"));
            using var some = Make(kernel, "a.some", ("ip4.addr", "10.9.0.2"));
            using var all = Make(kernel, "a.all", ("ip4", "inherit"), ("ip6", "disable"));
            Assert.Equal("10.9.0.2 True False\n", Python(some, """
                import socket
                def can(a):
                    try: socket.socket().bind((a, 80)); return True
                    except OSError: return False
                s = socket.socket(); s.bind(("0.0.0.0", 0)); print(s.getsockname()[0], can("10.9.0.2"), can("10.9.0.1"))
                """));
            Assert.Equal("10.9.0.1 10.9.0.2\n", JailTests.Run(all, "ip -4 -o addr | awk '{sub(\"/.*\", \"\", $4); print $4}' | paste -sd' '"));
            Assert.Contains("10.9.0.1", RootAddresses(kernel), StringComparison.Ordinal);
        }

        Assert.DoesNotContain("10.9", RootAddresses(kernel), StringComparison.Ordinal);
        Assert.Equal("0", kernel.TakeCensus()["net.sockets"]);
    }

    [Fact]
    public void J28_addresses_change_while_the_jail_runs_and_sockets_that_are_bound_stay()
    {
        const string program = """
            import socket
            s = socket.socket(); s.bind(("10.9.0.2", 80)); s.listen(); print("up", flush=True)
            while True:
                word = input()
                if word == "old":
                    c = socket.create_connection(("10.9.0.2", 80)); s.accept()[0].sendall(b"x"); print(c.recv(1), s.getsockname(), flush=True)
                else:
                    n = socket.socket()
                    try: n.bind((word, 0)); print("bound", n.getsockname()[0], flush=True)
                    except OSError as e: print(e.errno, flush=True)
                    n.close()
            """;
        using var kernel = DragonetKernel.Boot();
        using var a = Make(kernel, "a", ("ip4.addr", "10.9.0.1,10.9.0.2,127.0.0.5"), ("children.max", "2"));
        using var rival = Make(kernel, "b", ("ip4.addr", "10.9.0.7,10.9.0.8"));
        using var own = Make(kernel, "own");
        using var process = a.Start(new ProgramOptions { Arguments = ["python3", "-c", program], Input = GuestStream.Pipe, Output = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        using var input = new StreamWriter(process.StandardInput) { AutoFlush = true, NewLine = "\n" };
        Assert.Equal("up", output.ReadLine());
        Assert.Equal("10.9.0.1/32 10.9.0.2/32 127.0.0.5/32\n", Seen(a));
        Assert.Equal("local 10.9.0.1 local 10.9.0.2 local 127.0.0.5\n", JailTests.Run(a, "ip -4 route show table local | awk '{print $1, $2}' | sort | paste -sd' '"));

        a.Set([new("ip4.addr", "10.9.0.1,10.9.0.3,127.0.0.5")]);
        Assert.Equal("10.9.0.1/32 10.9.0.3/32 127.0.0.5/32\n", Seen(a));
        Assert.Equal("10.9.0.1,10.9.0.3,127.0.0.5", a.Get("ip4.addr"));
        Assert.Equal("99", Say("10.9.0.2"));
        Assert.Equal("bound 10.9.0.3", Say("10.9.0.3"));
        Assert.Equal("bound 0.0.0.0", Say("0.0.0.0"));
        Assert.Contains("10.9.0.2/", RootAddresses(kernel), StringComparison.Ordinal); // while the listener is there

        foreach (var (wanted, message) in ((string, string)[])[("10.9.0.1,10.9.0.7", "jail \"b\" has 10.9.0.7"), ("em9|10.9.0.4", "no interface em9"), ("10.9.0.1,,x", "not [INTERFACE|]")])
        {
            Assert.Contains(message, Assert.Throws<JailException>(() => a.Set([new("ip4.addr", wanted)])).Message, StringComparison.Ordinal);
        }

        Assert.Contains("a network stack of its own", Assert.Throws<JailException>(() => own.Set([new("ip4.addr", "10.9.0.4")])).Message, StringComparison.Ordinal);
        using (var child = Make(kernel, "a.some", ("ip4.addr", "10.9.0.3")))
        using (var all = Make(kernel, "a.all", ("ip4", "inherit")))
        {
            Assert.Contains("jail \"a.some\" has 10.9.0.3", Assert.Throws<JailException>(() => a.Set([new("ip4.addr", "10.9.0.1")])).Message, StringComparison.Ordinal);
            a.Set([new("ip4.addr", "10.9.0.3,10.9.0.9")]);
            Assert.Equal("10.9.0.3/32 10.9.0.9/32\n", Seen(all));
        }

        // Without an address there is no family; and the jail still shares the stack.
        a.Set([new("ip4.addr", "")]);
        Assert.Equal("97\n", Python(a, """
            import socket
            try: socket.socket()
            except OSError as e: print(e.errno)
            """));
        process.Dispose();
        a.Set([new("ip4.addr", "10.9.0.4")]);
        Assert.Equal("10.9.0.4/32\n", Seen(a));
        Assert.DoesNotContain("10.9.0.2/", RootAddresses(kernel), StringComparison.Ordinal);
        a.Remove();
        Assert.DoesNotContain("10.9.0.4", RootAddresses(kernel), StringComparison.Ordinal);

        string? Say(string word)
        {
            input.WriteLine(word);
            return output.ReadLine();
        }
    }

    [Fact]
    public void J44_addresses_go_to_the_interface_of_the_jail_unless_they_name_one_and_stay_while_any_jail_has_them()
    {
        using var kernel = DragonetKernel.Boot();
        using var link = kernel.Start(new ProgramOptions { Arguments = ["sh", "-c", "ip link add em0 type dummy && ip link set em0 up || ip link add name em0 type bridge && ip link set em0 up"] });
        Assert.Equal(0, link.Wait().ShellCode);
        using var a = Make(kernel, "a", ("interface", "em0"), ("ip4.addr", "10.9.0.1/24,lo|10.9.1.1/24,10.9.2.1/255.255.0.0"), ("ip6.addr", "fd00::1/64"));
        Assert.Equal("em0 10.9.0.1/24 em0 10.9.2.1/16 em0 fd00::1/64 lo 10.9.1.1/32\n", JailTests.Run(a, "ip -o addr | awk '{print $2, $4}' | sort | paste -sd' '"));
        Assert.Contains("no interface em7", Assert.Throws<JailException>(() => Make(kernel, "x", ("interface", "em7"), ("ip4.addr", "10.9.0.9"))).Message, StringComparison.Ordinal);
        Assert.Contains("not [INTERFACE|]ADDRESS", Assert.Throws<JailException>(() => Make(kernel, "x", ("ip4.addr", "10.9.0.9/255.0.255.0"))).Message, StringComparison.Ordinal);
        var (b, c) = (Make(kernel, "b", ("ip4.addr", "10.9.0.7")), Make(kernel, "c", ("ip4.addr", "10.9.0.7")));
        b.Remove();
        Assert.Equal("10.9.0.7/32\n", Seen(c));
        c.Remove();
        a.Remove();
        Assert.DoesNotContain("10.9", RootAddresses(kernel), StringComparison.Ordinal);
    }

    [Fact]
    public void J46_of_two_who_want_one_address_at_once_one_gets_it()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = Make(kernel, "a", ("ip4.addr", "10.9.0.1,10.9.0.2"));
        using var b = Make(kernel, "b", ("ip4.addr", "10.9.0.3,10.9.0.4"));
        for (var i = 0; i < 300; i++)
        {
            a.Set([new("ip4.addr", "10.9.0.1,10.9.0.2")]);
            b.Set([new("ip4.addr", "10.9.0.3,10.9.0.4")]);
            Race(() => a.Set([new("ip4.addr", "10.9.0.1,10.9.0.9")]), () => b.Set([new("ip4.addr", "10.9.0.3,10.9.0.9")]));
            Race(() => Make(kernel, "c", ("ip4.addr", "10.9.0.5,10.9.0.8")), () => Make(kernel, "d", ("ip4.addr", "10.9.0.6,10.9.0.8")));
            (kernel.Jails.Find("c") ?? kernel.Jails.Find("d"))!.Remove();
        }

        // Both begin when both are there; one of them must be told, and the other not.
        static void Race(Action one, Action other)
        {
            var there = 0;
            Action[] actions = [one, other];
            var failures = new JailException?[2];
            System.Threading.Tasks.Parallel.For(0, 2, new System.Threading.Tasks.ParallelOptions { MaxDegreeOfParallelism = 2 }, index =>
            {
                _ = System.Threading.Interlocked.Increment(ref there);
                System.Threading.SpinWait.SpinUntil(() => System.Threading.Volatile.Read(ref there) == 2);
                try
                {
                    actions[index]();
                }
                catch (JailException failure)
                {
                    failures[index] = failure;
                }
            });
            Assert.Contains("ip4.addr: jail", Assert.Single(failures, static failure => failure is not null)!.Message, StringComparison.Ordinal);
        }
    }

    private static string Seen(GuestJail jail) => JailTests.Run(jail, "ip -4 -o addr | awk '{print $4}' | sort | paste -sd' '");

    private static string RootAddresses(DragonetKernel kernel)
    {
        using var process = kernel.Start(new ProgramOptions { Arguments = ["ip", "-o", "addr"], Output = GuestStream.Pipe });
        return new StreamReader(process.StandardOutput).ReadToEnd();
    }

    private static GuestJail Make(DragonetKernel kernel, string name, params (string Name, string? Value)[] parameters)
        => kernel.Jails.Create([new("name", name), new("persist", null), .. parameters.Select(static pair => new KeyValuePair<string, string?>(pair.Name, pair.Value))]);

    private static string Python(GuestJail jail, string program, string arguments = "")
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["python3", "-c", program, .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)], Output = GuestStream.Pipe });
        using var output = new StreamReader(process.StandardOutput);
        return output.ReadToEnd();
    }
}
