using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>What programs in jails are told when the management side changes their interfaces (rtnetlink(7), RTMGRP_LINK and RTMGRP_IPV4_IFADDR).</summary>
public sealed class LinkEventTests
{
    /// <summary>Prints a line for each message, as "new NAME up", "gone NAME", "address 1.2.3.4".</summary>
    private const string Listen = """
        import socket, struct
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); s.bind((0, 0x11)); print("listening", flush=True)
        def attributes(data):
            while len(data) >= 4:
                length, kind = struct.unpack("=HH", data[:4]); yield kind, data[4:length]; data = data[(length + 3) & ~3:]
        while True:
            data = s.recv(65536)
            kind, = struct.unpack("=H", data[4:6])
            if kind in (16, 17):
                flags, = struct.unpack("=I", data[24:28]); name = dict(attributes(data[32:]))[3].rstrip(b"\0").decode()
                print("gone" if kind == 17 else "new", name, *(["up"] if kind == 16 and flags & 1 else []), flush=True)
            elif kind in (20, 21):
                print("address" if kind == 20 else "no address", socket.inet_ntoa(dict(attributes(data[24:]))[1]), flush=True)
        """;

    public LinkEventTests() => HostTool.Require("python3", "python3");

    [Fact]
    public void What_the_management_side_does_is_told_where_it_happens()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create([new("name", "a"), new("persist", null), new("vnet", null)]);
        using var b = kernel.Jails.Create([new("name", "b"), new("persist", null), new("vnet", null)]);
        using var inA = new Listener(a);
        using var inB = new Listener(b);

        kernel.Networks.SetUp("lo", up: true, "a");
        Assert.Equal(["address 127.0.0.1", "new lo up"], inA.Take(2));
        kernel.Networks.CreatePair("p", "a");
        Assert.Equal(["new pa up", "new pb up"], inA.Take(2));
        kernel.Networks.SetAddress("pa", "10.1.0.1/24", add: true, "a");
        kernel.Networks.SetAddress("pa", "10.1.0.1", add: false, "a");
        kernel.Networks.SetUp("pa", up: false, "a");
        Assert.Equal(["address 10.1.0.1", "no address 10.1.0.1", "new pa"], inA.Take(3));

        kernel.Networks.Move("pb", "b", "a");
        Assert.Equal(["gone pb"], inA.Take(1));
        Assert.Equal(["new pb"], inB.Take(1));
        kernel.Networks.Remove("pb", "b");
        Assert.Equal(["gone pb"], inB.Take(1));
        Assert.Equal(["gone pa"], inA.Take(1));

        kernel.Networks.CreateBridge("br0", jail: "a");
        kernel.Networks.Remove("br0", "a");
        using (kernel.Networks.CreateLink("out", static _ => { }, "a"))
        {
            Assert.Equal(["new br0 up", "gone br0", "new out up"], inA.Take(3));
        }

        Assert.Equal(["gone out"], inA.Take(1));
    }

    /// <summary>A jail's end takes the other end of a pair along, and what is at home elsewhere goes there.</summary>
    [Fact]
    public void The_end_of_a_jail_is_told_in_the_others()
    {
        using var kernel = DragonetKernel.Boot();
        using var a = kernel.Jails.Create([new("name", "a"), new("persist", null), new("vnet", null)]);
        var b = kernel.Jails.Create([new("name", "b"), new("persist", null), new("vnet", null)]);
        using var inA = new Listener(a);
        kernel.Networks.CreatePair("p", "a");
        kernel.Networks.CreatePair("q", "b");
        kernel.Networks.Move("pb", "b", "a");
        kernel.Networks.Move("qb", "a", "b");
        Assert.Equal(["new pa up", "new pb up", "gone pb", "new qb"], inA.Take(4));
        b.Dispose();
        Assert.Equal(["gone qb", "new pb"], inA.Take(2).Order(StringComparer.Ordinal));
    }

    private sealed class Listener : IDisposable
    {
        private readonly GuestProcess _process;
        private readonly StreamReader _lines;

        internal Listener(GuestJail jail)
        {
            _process = jail.Start(new ProgramOptions { Arguments = ["python3", "-c", Listen], Output = GuestStream.Pipe, Timeout = TimeSpan.FromMinutes(2) });
            _lines = new StreamReader(_process.StandardOutput);
            Assert.Equal(["listening"], Take(1));
        }

        internal string[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => _lines.ReadLine() ?? "the end")];

        public void Dispose()
        {
            _lines.Dispose();
            _process.Dispose();
        }
    }
}
