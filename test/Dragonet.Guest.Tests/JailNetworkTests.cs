using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Networks between jails, with real programs.</summary>
public sealed class JailNetworkTests
{
    private const string Serve = """
        import socket
        for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            s = socket.socket(family, socket.SOCK_STREAM)
            if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind((address, 80)); s.listen()
            if family == socket.AF_INET: first = s
        import threading
        def run(s):
            while True:
                c, peer = s.accept(); c.sendall(open("/etc/hostname").read().encode() + peer[0].encode()); c.close()
        threading.Thread(target=run, args=(first,)).start(); run(s)
        """;

    private const string Ask = """
        import socket, sys, time
        for family in (socket.AF_INET, socket.AF_INET6):
            address = socket.getaddrinfo(sys.argv[1], 80, family, socket.SOCK_STREAM)[0][4]
            for i in range(500):
                try: c = socket.create_connection(address[:2], 20); break
                except ConnectionRefusedError: time.sleep(0.02)
            print(c.makefile().read().replace("\n", " "))
        """;

    public JailNetworkTests() => HostTool.Require("python3", "python3");

    /// <summary>mcast_snooping of a bridge: ip-link(8), and the files that programs look at.</summary>
    [Fact]
    public void A_bridges_snooping_is_switched_by_netlink_and_by_its_files()
    {
        HostTool.Require("ip", "iproute2");
        using var kernel = DragonetKernel.Boot();
        Assert.Equal(
            "1 4096 0\nsnooping 0\n0\n1\nsnooping 1 hash 512\n512\nno bridge\n",
            JailTests.Run(kernel.Jails.Root, """
                mount -o remount,rw /sys; ip link add br0 type bridge && ip link add d0 type dummy; d=/sys/class/net/br0/bridge
                echo $(cat $d/multicast_snooping $d/hash_max $d/multicast_querier)
                told() { ip -d link show br0 | grep -o "mcast_$1 [0-9]*" | head -1 | cut -d' ' -f2; }
                ip link set br0 type bridge mcast_snooping 0; echo snooping $(told snooping); cat $d/multicast_snooping
                echo 1 >$d/multicast_snooping; cat $d/multicast_snooping
                ip link set br0 type bridge mcast_hash_max 512; echo snooping $(told snooping) hash $(told hash_max); cat $d/hash_max
                [ -e /sys/class/net/d0/bridge ] || ls /sys/class/net/d0 | grep -q bridge || echo no bridge
                """));
    }

    [Fact]
    public void Jails_find_each_other_by_name_with_one_option_each()
    {
        using var kernel = new StandingKernel();
        _ = kernel.Run("run", "--name", "web", "--net", "lan0", "-d", "--", "sh", "-c", "echo web > /etc/hostname; exec python3 -c '" + Serve + "'");
        _ = kernel.Run("jail", "-c", "name=client", "net=lan0,10.88.0.77", "overlay", "persist");
        Assert.Equal("web 10.88.0.77\nweb fd64:7261:676f:100::4d\n", kernel.Run("jexec", "client", "python3", "-c", Ask, "web"));
        Assert.Contains("Read-only", kernel.Fail("jexec", "client", "sh", "-c", "echo 1.2.3.4 web >> /etc/hosts"), StringComparison.Ordinal);

        // Another network is another world, with the same names and ports.
        _ = kernel.Run("jail", "-c", "name=other", "net=lan1", "overlay", "persist");
        Assert.Equal("10.88.1.2\n", kernel.Run("jexec", "other", "python3", "-c", "import socket; print(socket.gethostbyname('other'))"));
        Assert.Contains("Network is unreachable", kernel.Fail("jexec", "other", "python3", "-c", "import socket; socket.create_connection(('10.88.0.2', 80), 5)"), StringComparison.Ordinal);
        foreach (var jail in new[] { "web", "client", "other" })
        {
            _ = kernel.Run("jail", "-r", jail);
        }

        kernel.RunUntil("net.interfaces 0", "census");
        kernel.RunUntil("net.packets 0 net.timers 0", "census");
    }

    [Theory]
    [InlineData("net=lan0,10.88.0.256", "is no address")]
    [InlineData("net=lan0,10.88.0.1", "belongs to jail 0")]
    [InlineData("net=lan0,127.0.0.1", "can belong to nobody")]
    [InlineData("net=lan0,10.88.0.2/33", "no length of a network")]
    [InlineData("net=lan0,10.88.0.2,x", "write none, user, NAME")]
    [InlineData("net=../etc", "write none, user, NAME")]
    [InlineData("vnet.interface=nosuch", "no such interface in jail 0")]
    [InlineData("vnet.interface=lo", "it cannot move")]
    public void What_cannot_be_is_said_in_one_line_and_leaves_nothing(string parameter, string message)
    {
        using var kernel = DragonetKernel.Boot();
        var failure = Assert.Throws<JailException>(() => kernel.Jails.Create([new("name", "x"), new("persist", null), new(parameter.Split('=')[0], parameter[(parameter.IndexOf('=', StringComparison.Ordinal) + 1)..])]));
        Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", failure.Message, StringComparison.Ordinal);
        Assert.Null(kernel.Jails.Find("x"));
        Assert.Equal("0", kernel.TakeCensus()["net.interfaces"]);
    }

    [Fact]
    public void J28_a_jail_has_its_own_addresses_and_no_other()
    {
        const string serve = "import socket; t=socket.socket(); t.bind(('0.0.0.0',80)); t.listen(); u=socket.socket(2,2); u.bind(('0.0.0.0',80)); print('up',flush=True); m,p=u.recvfrom(9); u.sendto(m,p); u.recvfrom(9)";
        const string ask = """
            import errno, socket, sys
            u = socket.socket(2, 2); u.settimeout(50)
            u.sendto(b'x', (sys.argv[1], 80)); print(u.recvfrom(9))
            c = socket.create_connection((sys.argv[1], 80), 50); print(c.getpeername(), c.getsockname()[0])
            try: socket.socket().bind((sys.argv[1], 81))
            except OSError as e: print(errno.errorcode[e.errno])
            """;
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create([new("name", "a"), new("persist", null), new("net", "lan0,10.88.0.5")]);
        using var b = kernel.Jails.Create([new("name", "b"), new("persist", null), new("net", "lan0,10.88.0.6")]);
        using var client = kernel.Jails.Create([new("name", "c"), new("persist", null), new("net", "lan0,10.88.0.7")]);
        foreach (var (jail, address) in ((GuestJail, string)[])[(a, "10.88.0.5"), (b, "10.88.0.6")])
        {
            using var server = jail.Start(new ProgramOptions { Arguments = ["python3", "-c", serve], Output = GuestStream.Pipe });
            using var output = new StreamReader(server.StandardOutput);
            Assert.Equal("up", output.ReadLine());
            Assert.Equal($"(b'x', ('{address}', 80))\n('{address}', 80) 10.88.0.7\nEADDRNOTAVAIL\n", JailTests.Run(client, $"python3 -c \"{ask}\" {address}"));
        }
    }

    [Fact]
    public void J44_an_address_is_there_while_its_jail_is_and_free_at_once()
    {
        const string ask = "python3 -c \"import socket,errno,sys; s=socket.socket(); s.settimeout(int(sys.argv[1])); print(errno.errorcode[s.connect_ex(('10.88.0.5',9))])\" ";
        using var kernel = DragonetKernel.Boot();
        using var client = kernel.Jails.Create([new("name", "c"), new("persist", null), new("net", "lan0,10.88.0.7")]);
        for (var round = 0; round < 10; round++)
        {
            using var jail = kernel.Jails.Create([new("name", "a"), new("persist", null), new("net", "lan0,10.88.0.5")]);
            Assert.Equal("ECONNREFUSED\n", JailTests.Run(client, ask + "60")); // somebody is there, and says that nobody listens
            var taken = Assert.Throws<JailException>(() => kernel.Jails.Create([new("name", "b"), new("persist", null), new("net", "lan0,10.88.0.5")]));
            Assert.Contains("10.88.0.5", taken.Message, StringComparison.Ordinal);
        }

        Assert.Equal("EHOSTUNREACH\n", JailTests.Run(client, ask + "60")); // nobody is there any more, which is found out in seconds
    }

    [Fact]
    public void Guests_make_virtual_networks_of_a_link()
    {
        HostTool.Require("ping", "iputils-ping");
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create([new("name", "a"), new("persist", null), new("net", "lan0"), new("allow.raw_sockets", null)]);
        using var b = kernel.Jails.Create([new("name", "b"), new("persist", null), new("net", "lan0"), new("allow.raw_sockets", null)]);
        const string make = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; ip link add link eth0 name eth0.{0} type vlan id {0}; ip addr add 10.5.0.{1}/24 dev eth0.{0}; ip link set eth0.{0} up; ";
        Assert.Equal("eth0.5@eth0 vlan protocol 802.1Q id 5\n", JailTests.Run(b, string.Format(System.Globalization.CultureInfo.InvariantCulture, make, 5, 2)
            + "ip -d link show eth0.5 | awk '/eth0.5/ {sub(\":\", \"\", $2); n = $2} / vlan / {print n, $1, $2, $3, $4, $5}'"));
        Assert.Equal("1 received\n", JailTests.Run(a, string.Format(System.Globalization.CultureInfo.InvariantCulture, make, 5, 1) + "ping -q -c 1 -W 5 10.5.0.2 | grep -o '1 received'"));
        Assert.Equal("0 received\n", JailTests.Run(a, "PATH=/usr/sbin:/usr/bin:/sbin:/bin; ip link del eth0.5; "
            + string.Format(System.Globalization.CultureInfo.InvariantCulture, make, 6, 1) + "ping -q -c 1 -W 1 10.5.0.2 | grep -o '0 received'"));
        Assert.Equal("RTNETLINK answers: File exists\nError: VLANs not supported on device.\n", JailTests.Run(a,
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin; ip link add link eth0 name other type vlan id 6 2>&1; ip link add link lo name lo.1 type vlan id 1 2>&1"));
        Assert.Equal("vlan", kernel.Networks.ListInterfaces("a").Single(link => link.Name == "eth0.6").Kind);
    }

    [Fact]
    public void V3_a_new_stack_has_lo_down()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create([new("name", "x"), new("persist", null), new("vnet", null)]);
        const string flags = "import fcntl, socket, struct; print(struct.unpack('16xH14x', fcntl.ioctl(socket.socket(), 0x8913, struct.pack('16s16x', b'lo')))[0] & 1)";
        Assert.Equal("0\n", JailTests.Run(jail, $"python3 -c \"{flags}\""));
        Assert.Equal("1\n", JailTests.Run(kernel.Jails.Root, $"python3 -c \"{flags}\""));
    }

    [Fact]
    public void V5_interfaces_go_home_with_their_names_and_pairs_end_together()
    {
        using var kernel = DragonetKernel.Boot();
        kernel.Networks.CreatePair("x");
        var home = kernel.Networks.ListInterfaces("0").Single(link => link.Name == "xb");
        using (var jail = kernel.Jails.Create([new("name", "a"), new("persist", null), new("vnet", null), new("vnet.interface", "xb")]))
        {
            Assert.Equal(["lo", "xb"], kernel.Networks.ListInterfaces("a").Select(link => link.Name));
            kernel.Networks.SetAddress("xb", "10.1.0.2/24", add: true, "a");
            kernel.Networks.SetUp("xb", up: true, "a");
            kernel.Networks.SetAddress("xa", "10.1.0.1/24", add: true);
            Assert.Contains("10.1.0.0/24", kernel.Networks.ListRoutes("a").Select(route => route.Destination));
            kernel.Networks.CreatePair("y", "a");
            kernel.Networks.Move("yb", "0", "a");
            Assert.Equal(Abi.Errno.EEXIST, Assert.Throws<JailException>(() => kernel.Networks.CreatePair("x")).Error);
        }

        var after = kernel.Networks.ListInterfaces();
        Assert.Equal(["lo", "xa", "xb"], after.Select(link => link.Name)); // y ended with the jail that made it, with both ends
        Assert.Equal((home.HardwareAddress, false, 0), (after[2].HardwareAddress, after[2].IsUp, after[2].Addresses.Count));
    }

    [Fact]
    public void V10_rules_are_of_one_jail()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create([new("name", "a"), new("persist", null)]);
        using var b = kernel.Jails.Create([new("name", "b"), new("persist", null)]);
        const string send = "python3 -c \"import socket; print(socket.socket(2,2).sendto(b'x',('127.0.0.1',9)))\" 2>&1 | tail -n 1";
        var handle = kernel.Networks.AddRule("output udp dport 9 drop", "a");
        Assert.Equal("PermissionError: [Errno 1] Operation not permitted\n", JailTests.Run(a, send));
        Assert.Equal("1\n", JailTests.Run(b, send));
        Assert.Equal("1\n", JailTests.Run(kernel.Jails.Root, send));
        Assert.Equal([("a", handle, "output udp dport 9 drop", 1L)], kernel.Networks.ListRules());
        kernel.Networks.RemoveRule(handle, "a");
        Assert.Equal("1\n", JailTests.Run(a, send));
        Assert.Contains("begins with input", Assert.Throws<JailException>(() => kernel.Networks.AddRule("everything drop")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void V8_addresses_of_links_stay_from_boot_to_boot()
    {
        Assert.Equal(Boot("one"), Boot("one"));
        Assert.NotEqual(Boot("one"), Boot("two"));

        static string Boot(string name)
        {
            using var kernel = DragonetKernel.Boot(new KernelOptions { Name = name });
            using var jail = kernel.Jails.Create([new("name", "a"), new("persist", null), new("net", "lan0")]);
            return kernel.Networks.ListInterfaces("a").Single(link => link.Name == "eth0").HardwareAddress;
        }
    }

    [Fact]
    public void A_capture_of_any_interface_reads_clean()
    {
        HostTool.Require("tshark", "tshark");
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create([new("name", "a"), new("persist", null), new("net", "lan0")]);
        using var b = kernel.Jails.Create([new("name", "b"), new("persist", null), new("net", "lan0")]);
        var file = Path.GetTempFileName();
        try
        {
            using (var stream = File.Create(file))
            {
                using var seen = new ManualResetEventSlim();
                long count = 0;
                using (kernel.Networks.Capture(new Networking.CaptureOptions(), bytes =>
                {
                    lock (stream)
                    {
                        stream.Write(bytes.Span);
                        count += bytes.Length;
                    }

                    if (count > 102_400)
                    {
                        seen.Set();
                    }
                }))
                {
                    const string talk = "import socket,threading\ns=socket.create_server((chr(0)[:0],7));d=bytes(range(256))*400\nthreading.Thread(target=lambda:s.accept()[0].sendall(d)).start()\n"
                        + "c=socket.create_connection((socket.gethostbyname(chr(97)),7))\nn=0\nwhile n<len(d): n+=len(c.recv(9999))\nu=socket.socket(2,2);u.sendto(d[:9000],(chr(98),9))\nprint(n)";
                    Assert.Equal("102400\n", JailTests.Run(a, $"python3 -c '{talk}'"));
                    Assert.Contains("True", JailTests.Run(b, "python3 -c \"import socket; s=socket.socket(); s.settimeout(9); print(s.connect_ex(('a',8))>0)\""), StringComparison.Ordinal);
                    Assert.True(seen.Wait(TimeSpan.FromSeconds(30)), "nothing was captured");
                }
            }

            string[] checks = ["-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "tcp.desegment_tcp_streams:FALSE"];
            var all = HostTool.Run("tshark", [.. checks, "-T", "fields", "-e", "frame.interface_name"], "/", TimeSpan.FromSeconds(60)).Output.Split('\n').ToHashSet();
            Assert.Superset(new HashSet<string> { "a:lo", "a:eth0", "b:eth0" }, all);
            Assert.Equal("", HostTool.Run("tshark", [.. checks, "-Y", "(_ws.malformed && !(tcp.len > 0) && !(udp.length > 8)) || tcp.checksum.status == 0 || udp.checksum.status == 0 || ip.checksum.status == 0"], "/", TimeSpan.FromSeconds(60)).Output);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
