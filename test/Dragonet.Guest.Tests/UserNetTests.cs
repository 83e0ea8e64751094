using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>The way outside: programs in a guest talk with servers of this process, and the other way round.</summary>
public sealed class UserNetTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    public UserNetTests() => HostTool.Require("python3", "python3");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hundred_megabytes_arrive_both_ways(bool isV6)
    {
        const int size = 100_000_000;
        using var server = new HostServer(isV6, EchoHash);
        // Sends 100 MB of a pattern, ends its side, and gets 100 MB of another one.
        var outcome = Guest(["--allow", $"host:{server.Port}"], $"""
            import hashlib, socket
            block = hashlib.shake_128(b"guest").digest(1_000_000)
            s = socket.create_connection(("{(isV6 ? "fd64:7261:676f::2" : "10.0.2.2")}", {server.Port}))
            sent = hashlib.sha256()
            for i in range({size / 1_000_000}):
                part = i.to_bytes(4, "big") + block[4:]
                sent.update(part)
                s.sendall(part)
            s.shutdown(socket.SHUT_WR)
            seen = s.recv(64, socket.MSG_WAITALL)
            assert seen.decode() == sent.hexdigest().upper(), "outward"
            got, count = hashlib.sha256(), 0
            while data := s.recv(1 << 20):
                got.update(data)
                count += len(data)
            print(count, got.hexdigest())
            """);
        Assert.Equal(($"{size} {Convert.ToHexStringLower(SHA256.HashData(Pattern(size)))}\n", ""), (outcome.Output, outcome.Error));

        static void EchoHash(Socket client)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 18];
            int count;
            while ((count = client.Receive(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, count);
            }

            _ = client.Send(System.Text.Encoding.ASCII.GetBytes(Convert.ToHexString(hash.GetHashAndReset())));
            SendAll(client, Pattern(size));
        }
    }

    [Fact]
    public void Dhclient_gets_the_address_and_the_way()
    {
        HostTool.Require("dhclient", "isc-dhcp-client");
        HostTool.Require("ip", "iproute2");
        var outcome = Command.Run(["--net", "user", "--", "sh", "-c", """
            mkdir -p /var/lib/dhcp
            ip addr flush dev eth0 && ip route flush dev eth0
            dhclient -1 eth0 2>/dev/null
            ip -4 -o addr show dev eth0 | grep -o 'inet [0-9./]*'
            ip -4 route show default | grep -o 'via [0-9.]*'
            cat /sys/class/net/eth0/address
            sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv6.conf.eth0.accept_ra=1
            for i in 1 2 3 4 5 6 7 8 9 10; do ip -6 -o addr show dev eth0 scope global | grep -q fd64 && break; sleep 1; done
            ip -6 route show default | grep -o 'via fe80::2'
            ip -6 -o addr show dev eth0 scope global | grep -o 'inet6 [0-9a-f:/]*'
            sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
            ip -6 -o addr show dev eth0
            """], s_limit);
        Assert.Equal("inet 10.0.2.15/24\nvia 10.0.2.2\n52:54:00:00:00:0f\nvia fe80::2\ninet6 fd64:7261:676f:0:5054:ff:fe00:f/64\n", outcome.Output);
    }

    [Fact]
    public void Hundreds_of_connections_at_once()
    {
        using var server = new HostServer(isV6: false, client =>
        {
            var buffer = new byte[100];
            var count = client.Receive(buffer);
            SendAll(client, buffer.AsSpan(0, count));
        });
        var outcome = Guest(["--allow", "host"], $"""
            import asyncio
            async def one(i):
                reader, writer = await asyncio.open_connection("10.0.2.2", {server.Port})
                writer.write(b"%d" % i)
                data = await reader.read()
                writer.close()
                return data == b"%d" % i
            async def main():
                print(sum(await asyncio.gather(*[one(i) for i in range(400)])))
            asyncio.run(main())
            """);
        Assert.Equal(("400\n", ""), (outcome.Output, outcome.Error));
    }

    [Fact]
    public void Refused_forbidden_and_reset_are_told_apart()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // nobody listens
        using var server = new HostServer(isV6: false, client =>
        {
            _ = client.Receive(new byte[1]);
            client.LingerState = new LingerOption(true, 0);
            client.Close();
        });
        var outcome = Guest(["--allow", $"host:{server.Port}", "--allow", $"host:{((IPEndPoint)closed.LocalEndPoint!).Port}", "--allow", "192.0.2.77:1"], $"""
            import errno, socket
            def attempt(address, port, family=socket.AF_INET, kind=socket.SOCK_STREAM):
                with socket.socket(family, kind) as s:
                    try:
                        s.connect((address, port))
                        s.sendall(b"x")
                        s.recv(1)
                        print("ended")
                    except OSError as e:
                        print(errno.errorcode[e.errno])
            attempt("10.0.2.2", {((IPEndPoint)closed.LocalEndPoint!).Port})
            attempt("10.0.2.2", 9)
            attempt("192.0.2.77", 2)
            attempt("8.8.8.8", 53, kind=socket.SOCK_DGRAM)
            attempt("169.254.169.254", 80)
            attempt("2001:db8::1", 80, socket.AF_INET6)
            attempt("10.0.2.77", 80)
            attempt("10.0.2.2", {server.Port})
            attempt("127.0.0.1", {server.Port})
            attempt("0.0.0.0", {server.Port})
            attempt("::ffff:127.0.0.1", {server.Port}, socket.AF_INET6)
            """);
        Assert.Equal("ECONNREFUSED\nECONNREFUSED\nEHOSTUNREACH\nEHOSTUNREACH\nEHOSTUNREACH\nEACCES\nEHOSTUNREACH\nECONNRESET\nECONNREFUSED\nECONNREFUSED\nECONNREFUSED\n", outcome.Output);
        Assert.Contains("dragonet: network: 192.0.2.77:2 is not allowed (--allow)\n", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_net_there_is_lo_alone()
    {
        using var server = new HostServer(isV6: false, _ => { });
        var outcome = Guest([], $"""
            import socket
            print([name for _, name in socket.if_nameindex()])
            try:
                socket.create_connection(("10.0.2.2", {server.Port}))
            except OSError as e:
                print(e.strerror)
            """);
        Assert.Equal("['lo']\nNetwork is unreachable\n", outcome.Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_published_port_leads_to_the_guest(bool isV6)
    {
        var port = FreePort();
        var address = isV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        using var guest = new GuestInBackground(["-p", (isV6 ? "[::1]:" : "") + $"{port}:8000", "-p", (isV6 ? "[::1]:" : "127.0.0.1:") + $"{port}:8001/udp"], $"""
            import hashlib, socket, threading
            family = socket.AF_INET6 if {(isV6 ? "True" : "False")} else socket.AF_INET
            udp = socket.socket(family, socket.SOCK_DGRAM)
            udp.bind(("", 8001))
            def answer():
                while True:
                    data, sender = udp.recvfrom(70000)
                    udp.sendto(data[::-1], sender)
            threading.Thread(target=answer, daemon=True).start()
            server = socket.create_server(("", 8000), family=family)
            print("ready", flush=True)
            while True:
                client, peer = server.accept()
                seen = hashlib.sha256()
                while data := client.recv(1 << 20):
                    seen.update(data)
                client.sendall(seen.hexdigest().encode())
                client.close()
            """);
        Assert.Equal("ready", guest.ReadLine());
        var data = Pattern(20_000_000);
        for (var round = 0; round < 2; round++)
        {
            using var client = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(address, port);
            SendAll(client, data);
            client.Shutdown(SocketShutdown.Send);
            var answer = new byte[64];
            Assert.Equal(64, ReceiveAll(client, answer));
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(data)), System.Text.Encoding.ASCII.GetString(answer));
        }

        using var udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = (int)s_limit.TotalMilliseconds };
        udp.Connect(address, port);
        foreach (var size in new[] { 1, 1000, 40_000 })
        {
            _ = udp.Send(data.AsSpan(0, size));
            var back = new byte[70_000];
            Assert.Equal(size, udp.Receive(back));
            Array.Reverse(back, 0, size);
            Assert.True(data.AsSpan(0, size).SequenceEqual(back.AsSpan(0, size)));
        }
    }

    [Fact]
    public void Names_are_asked_of_the_hosts_server_and_open_only_what_they_may()
    {
        using var names = new NameServer();
        var address = HostAddress();
        using var server = new HostServer(address, client => SendAll(client, "hello"u8));
        names.Records["good.example.org"] = [address.ToString()];
        names.Records["rebind.example.org"] = ["127.0.0.1"];
        names.Records["evil.net"] = [address.ToString()];
        var script = $"""
            import socket
            def attempt(what, port={server.Port}):
                try:
                    with socket.create_connection((what, port), timeout=30) as s:
                        print(s.recv(100).decode())
                except socket.gaierror as e:
                    print("name", e.args[0])
                except OSError as e:
                    print(e.strerror)
            attempt("{address}")
            attempt("evil.net")
            attempt("good.example.org")
            attempt("{address}")
            attempt("good.example.org", 9)
            attempt("rebind.example.org")
            attempt("nosuch.example.org")
            print(open("/etc/resolv.conf").readline().strip())
            """;
        var outcome = Guest(["--dns", $"127.0.0.1:{names.Port}", "--allow", $"*.example.org:{server.Port}"], script);
        Assert.Equal("No route to host\nname -3\nhello\nhello\nNo route to host\nConnection refused\nname -2\nnameserver 10.0.2.3\n", outcome.Output);
        Assert.DoesNotContain("evil.net", names.Asked);
        outcome = Guest(["--dns", $"127.0.0.1:{names.Port}", "--net", "user"], script);
        Assert.Equal("hello\nhello\nhello\nhello\nConnection refused\nConnection refused\nname -2\nnameserver 10.0.2.3\n", outcome.Output);
    }

    [Fact]
    public void What_the_guest_leaves_open_ends_with_it()
    {
        using var server = new HostServer(isV6: false, client =>
        {
            SendAll(client, "x"u8);
            _ = client.Receive(new byte[1]); // until it is gone
        });
        var outcome = Guest(["--allow", "host"], $"""
            import os, socket
            s = [socket.create_connection(("10.0.2.2", {server.Port})) for i in range(50)]
            for each in s: each.recv(1)
            print(dict(line.split() for line in open("/proc/dragonet/census"))["net.host.sockets"], flush=True)
            s[0].close()
            pid = os.fork()
            if pid == 0: os.kill(os.getpid(), 9)
            os.waitpid(pid, 0)
            os.kill(os.getpid(), 9)
            """);
        Assert.Equal("50\n", outcome.Output);
        server.WaitForAll();
    }

    [Fact]
    public void Jails_have_networks_of_their_own_which_end_with_them()
    {
        using var server = new HostServer(isV6: false, client => SendAll(client, "hello"u8));
        using var kernel = new StandingKernel("--net", "user");
        var port = FreePort();
        Assert.Equal("a\n", kernel.Run("run", "--name", "a", "-d", "--allow", $"host:{server.Port}", "-p", $"{port}:80", "--", "/usr/bin/python3", "-c", """
            import socket
            s = socket.create_server(("", 80))
            print("up", flush=True)
            while True:
                c, _ = s.accept()
                c.sendall(b"web")
                c.close()
            """));
        kernel.RunUntil("up", "logs", "a");
        _ = kernel.Run("jail", "-c", "name=b", "persist", "net=user", "net.allow=none");
        _ = kernel.Run("jail", "-c", "name=c", "persist");
        var script = $"""
            import socket
            try:
                print(socket.create_connection(("10.0.2.2", {server.Port})).recv(9))
            except OSError as e:
                print(e.strerror)
            """;
        Assert.Equal("b'hello'\n", kernel.Run("jexec", "a", "/usr/bin/python3", "-c", script));
        Assert.Equal("Connection refused\n", kernel.Run("jexec", "b", "/usr/bin/python3", "-c", script));
        Assert.Equal("Network is unreachable\n", kernel.Run("jexec", "c", "/usr/bin/python3", "-c", script));
        using (var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            client.Connect(IPAddress.Loopback, port);
            var answer = new byte[3];
            Assert.Equal(3, ReceiveAll(client, answer));
            Assert.Equal("web"u8, answer);
        }

        Assert.Equal("dragonet: port '1.2.3.4.5:1:1' cannot be published: write [ADDR:]HOST:GUEST, with /udp for UDP\n", kernel.Fail("jail", "-c", "name=d", "persist", "net=user", "net.publish=1.2.3.4.5:1:1"));
        Assert.Equal($"dragonet: port '{port}:1' cannot be published: EADDRINUSE\n", kernel.Fail("jail", "-c", "name=d", "persist", "net=user", $"net.publish={port}:1"));
        _ = kernel.Run("rm", "-f", "a");
        kernel.RunUntil("net.host.sockets 0", "census");
        _ = kernel.Run("jail", "-c", "name=d", "persist", "net=user", $"net.publish={port}:1");
    }

    [Theory]
    [InlineData("--net", "host")]
    [InlineData("--net=none", "--allow=any")]
    [InlineData("--allow", "a b")]
    [InlineData("-p", "80")]
    [InlineData("-p", "1.2.3:80:80")]
    [InlineData("-p", "198.51.100.1:80:80")]
    [InlineData("--dns", "name")]
    public void Bad_options_are_one_line(params string[] options)
    {
        var outcome = Command.Run([.. options, "--", "true"], s_limit);
        Assert.Equal((125, ""), (outcome.Status, outcome.Output));
        Assert.StartsWith("dragonet: ", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(1, outcome.Error.Count(c => c == '\n'));
    }

    private static ProgramOutcome Guest(string[] options, string script) => Command.Run([.. options, "--", "/usr/bin/python3", "-c", script], s_limit);

    private static byte[] Pattern(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    internal static void SendAll(Socket socket, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            data = data[socket.Send(data)..];
        }
    }

    private static int ReceiveAll(Socket socket, byte[] buffer)
    {
        var count = 0;
        while (count < buffer.Length && socket.Receive(buffer.AsSpan(count)) is > 0 and var some)
        {
            count += some;
        }

        return count;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>An address of this machine that is not loopback; skips the test where there is none.</summary>
    private static IPAddress HostAddress()
    {
        var address = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.OperationalStatus == System.Net.NetworkInformation.OperationalStatus.Up)
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(each => each.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(each) && !each.ToString().StartsWith("169.254.", StringComparison.Ordinal));
        Assert.SkipUnless(address is not null, "this machine has no address but loopback");
        return address!;
    }
}
