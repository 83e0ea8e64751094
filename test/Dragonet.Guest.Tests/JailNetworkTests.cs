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
    public void V3_a_new_stack_has_lo_down()
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create([new("name", "x"), new("persist", null), new("vnet", null)]);
        const string flags = "import fcntl, socket, struct; print(struct.unpack('16xH14x', fcntl.ioctl(socket.socket(), 0x8913, struct.pack('16s16x', b'lo')))[0] & 1)";
        Assert.Equal("0\n", JailTests.Run(jail, $"python3 -c \"{flags}\""));
        Assert.Equal("1\n", JailTests.Run(kernel.Jails.Root, $"python3 -c \"{flags}\""));
    }
}
