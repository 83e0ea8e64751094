using System.Globalization;
using System.IO;
using Dragonet.Switching;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>`dragonet switch`: networks between kernels, as users run them.</summary>
public sealed class SwitchTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _place = Directory.CreateTempSubdirectory("dragonet-switch-");

    private string Lan => Path.Combine(_place.FullName, "lan");

    public void Dispose() => _place.Delete(recursive: true);

    [Fact]
    public void Kernels_reach_each_other_and_find_a_switch_that_comes_back()
    {
        HostTool.Require("ping", "iputils-ping");
        HostTool.Require("ip", "iproute2");
        using var first = new SwitchProcess(Lan);
        using var a = new SwitchGuest(Lan, 1);
        using var b = new SwitchGuest(Lan, 2);
        using var c = new SwitchGuest(Lan, 3);
        Assert.Contains("UP,LOWER_UP", a.Ask("ip link show eth0"), StringComparison.Ordinal);
        Assert.Equal("0\n", a.Ask(Ping("10.7.0.2", "10.7.0.3", "fd07::2", "fd07::3")));
        Assert.Equal("0\n", b.Ask(Ping("10.7.0.1", "fd07::3")));
        var mac = first.Rows("ls").Single(row => row["addresses"].StartsWith("10.7.0.3,", StringComparison.Ordinal))["address"];

        // Who dies leaves nothing behind.
        using var other = new FrameClient(Lan);
        Assert.Equal(["error", "another port has this MAC or IP address"], other.Say("port", $"mac={mac}"));
        c.Kill();
        first.Until(() => first.Rows("ls").Count == 2);
        Assert.Equal("ok", other.Say("port", $"mac={mac}")[0]);

        // So does the switch: the kernels notice, and find the next one.
        first.Kill();
        a.Until("ip link show eth0", "NO-CARRIER");
        using var second = new SwitchProcess(Lan);
        a.Until("ip link show eth0", "LOWER_UP");
        b.Until("ip link show eth0", "LOWER_UP");
        Assert.Equal("0\n", a.Ask(Ping("10.7.0.2", "fd07::2")));
        Assert.Equal($"dragonet: {Lan}: a switch is running here already\n", HostTool.Run(Command.Path, ["switch", "-p", Lan], "/", s_limit).Error);
        Assert.Equal(2, second.Rows("ls").Count);

        static string Ping(params string[] addresses) => string.Join(" && ", addresses.Select(static address => $"ping -q -c 1 -W 20 {address} >/dev/null"));
    }

    [Fact]
    public void Jails_are_behind_a_trunk()
    {
        using var network = new SwitchInside(Lan);
        using var near = DragonetKernel.Boot(new KernelOptions { HostName = "near", Switch = SwitchAddress.Parse(Lan + ",trunk", "") });
        using var far = DragonetKernel.Boot(new KernelOptions { HostName = "far", Switch = SwitchAddress.Parse(Lan + ",ip=10.7.0.2/24,mac=02:00:00:00:00:02,mtu=4000", "") });
        near.Networks.CreateBridge("br0");
        near.Networks.AddPort("br0", "eth0");
        near.Networks.CreatePair("e");
        near.Networks.AddPort("br0", "ea");
        using var jail = near.Jails.Create([new("name", "a"), new("persist", null), new("overlay", null), new("vnet", null), new("vnet.interface", "eb")]);
        near.Networks.SetUp("eb", up: true, "a");
        near.Networks.SetAddress("eb", "10.7.0.1/24", add: true, "a");
        using (var ping = jail.Start(new ProgramOptions { Arguments = ["/bin/ping", "-q", "-c", "1", "-W", "20", "10.7.0.2"], Output = GuestStream.Null }))
        {
            Assert.Equal(0, ping.Wait().ShellCode);
        }

        var link = far.Networks.ListInterfaces().Single(static each => each.Name == "eth0");
        Assert.Equal(("02:00:00:00:00:02", 4000), (link.HardwareAddress, link.Mtu));
        using var client = SwitchClient.Connect(Lan);
        Assert.Equal(["announced:1", "announced:2", "learned:1"], client.ListAddresses().Select(static row => $"{row["kind"]}:{row["port"]}").Distinct().Order());
        Assert.Equal(["near,trunk", "far,"], client.ListPorts().Select(static row => $"{row["name"]},{row["kind"]}"));
    }

    [Fact]
    public void Nobody_sends_as_somebody_else_and_nothing_but_frames()
    {
        using var network = new SwitchInside(Lan);
        using var honest = new FrameClient(Lan);
        using var liar = new FrameClient(Lan);
        Assert.Equal(["ok", "port=1"], honest.Say("port", "name=honest", "mac=02:00:00:00:00:01", "address=10.7.0.1"));
        Assert.Equal(["ok", "port=2"], liar.Say("port", "name=liar", "mac=02:00:00:00:00:02"));
        liar.Send(Frame(1, 0xff, 60));
        liar.Send(new byte[13]);
        liar.Send(Frame(2, 0xff, 8321));
        liar.Send(Frame(2, 0xff, 20_000));
        honest.Send(Frame(2, 0xff, 60));
        var longest = Frame(2, 1, 8320);
        Random.Shared.NextBytes(longest.AsSpan(14));
        liar.Send(longest);
        Assert.Equal(longest, honest.Receive()); // the first that comes
        using var client = SwitchClient.Connect(Lan);
        Assert.Equal(["honest 1 0", "liar 1 3"], client.ListPorts().Select(static row => $"{row["name"]} {row["spoofed"]} {row["malformed"]}"));

        // Who says nothing of himself is who he is in his first frame.
        using var silent = new FrameClient(Lan);
        silent.Send(Frame(3, 1, 60));
        Assert.Equal(Frame(3, 1, 60), honest.Receive());
        silent.Send(Frame(4, 1, 60));
        silent.Send(Frame(3, 1, 61));
        Assert.Equal(61, honest.Receive().Length);
        foreach (var words in new[] { "port mac=ff:ff:ff:ff:ff:ff", "port mac=1", "port address=127.0.0.1", "port what", "nothing", "impair 9 loss=1%", "impair all loss", "impair all" })
        {
            using var wrong = new FrameClient(Lan);
            Assert.Equal("error", wrong.Say(words.Split(' '))[0]);
        }
    }

    [Fact]
    public void Many_clients_and_nonsense()
    {
        const int count = 64;
        using var network = new SwitchInside(Lan);
        var clients = Enumerable.Range(0, count).Select(_ => new FrameClient(Lan)).ToList();
        for (var i = 0; i < count; i++)
        {
            Assert.Equal("ok", clients[i].Say("port", $"mac=02:00:00:00:01:{i:x2}")[0]);
        }

        for (var i = 0; i < count; i++)
        {
            clients[i].Send(Frame(0x100 + i, 0xff, 100 + i));
        }

        for (var i = 0; i < count; i++)
        {
            // Everybody's but one's own, each whole, and those of one sender in order.
            Assert.Equal(Enumerable.Range(0, count).Where(other => other != i).Select(other => 100 + other), Enumerable.Range(0, count - 1).Select(_ => clients[i].Receive().Length).Order());
        }

        // One does not read: the others do not wait for it.
        for (var i = 0; i < 2000; i++)
        {
            clients[0].Send(Frame(0x100, 0xff, 1000));
            Assert.Equal(1000, clients[1].Receive().Length);
        }

        // Random packets, as nobody and as a port; the last is a hang-up in the middle.
        var random = new Random(7);
        var noise = new byte[9000];
        for (var round = 0; round < 20; round++)
        {
            using var fuzzer = new FrameClient(Lan);
            for (var i = 0; i < 50; i++)
            {
                random.NextBytes(noise);
                var packet = noise.AsSpan(0, random.Next(1, noise.Length)).ToArray();
                if (random.Next(2) == 0)
                {
                    packet = [.. FrameClient.Message(random.Next(3) switch { 0 => "port\nmac=", 1 => "impair\nall\n", _ => "" }), .. packet.AsSpan(0, Math.Min(packet.Length, 200))];
                }

                if (!fuzzer.TrySend(packet))
                {
                    break; // it was hung up on
                }
            }
        }

        using var client = SwitchClient.Connect(Lan);
        network.Until(() => client.ListPorts().Count == count);
        Assert.True(long.Parse(client.ListPorts().Single(static row => row["port"] == "3")["lost"], CultureInfo.InvariantCulture) > 0);
        clients.ForEach(static each => each.Dispose());
        network.Until(() => client.ListPorts().Count == 0 && client.ListAddresses().Count == 0);
    }

    [Fact]
    public void Links_are_bad_when_that_is_asked_for_and_captures_show_what_passed()
    {
        using var network = new SwitchProcess(Lan, "--impair", "partition");
        using var a = new FrameClient(Lan);
        using var b = new FrameClient(Lan);
        Assert.Equal("ok", a.Say("port", "name=a", "mac=02:00:00:00:00:01")[0]);
        Assert.Equal("ok", b.Say("port", "name=b", "mac=02:00:00:00:00:02")[0]);
        var file = Path.Combine(_place.FullName, "lan.pcapng");
        using var capture = System.Diagnostics.Process.Start(Command.Path, ["switch", "capture", "-w", file, "-p", Lan]);
        network.Until(() => File.Exists(file) && new FileInfo(file).Length > 0);
        a.Send(Frame(1, 2, 60));
        network.Until(() => network.Rows("ls")[0]["lost"] == "1");
        network.Run("switch", "impair", "a", "off", "-p", Lan);
        network.Run("switch", "impair", "b", "duplicate=100%", "-p", Lan);
        Assert.Equal(["", "duplicate=100%"], network.Rows("ls").Select(static row => row["impairment"]));
        a.Send(Frame(1, 2, 61));
        Assert.Equal((61, 61), (b.Receive().Length, b.Receive().Length));
        network.Until(() => new FileInfo(file).Length > 150);
        network.Stop(); // SIGTERM: in order
        Assert.True(capture.WaitForExit(s_limit));
        Assert.Equal([61], Lengths(File.ReadAllBytes(file)));

        // Of a pcapng file: enhanced packet blocks (draft-ietf-opsawg-pcapng, section 4.3).
        static List<int> Lengths(byte[] file)
        {
            var lengths = new List<int>();
            for (var at = 0; at < file.Length; at += BitConverter.ToInt32(file, at + 4))
            {
                if (BitConverter.ToInt32(file, at) == 6)
                {
                    lengths.Add(BitConverter.ToInt32(file, at + 20));
                }
            }

            return lengths;
        }
    }

    [Fact]
    public void The_socket_is_its_users_or_a_groups_and_other_files_stay()
    {
        using (new SwitchProcess(Lan))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Lan));
        }

        var group = HostTool.Run("id", ["-g"], "/", s_limit).Output.Trim();
        using (new SwitchProcess(Lan, "-g", group))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(Lan));
        }

        var file = Path.Combine(_place.FullName, "file");
        File.WriteAllText(file, "mine");
        foreach (var (arguments, said) in new (string[], string)[]
        {
            (["switch", "-p", file], "is no socket"),
            (["switch", "-p", "/nonexistent/lan"], "/nonexistent/lan"),
            (["switch", "-p", _place.FullName + "/" + new string('x', 120)], "107 bytes"),
            (["switch", "-p", Lan, "--impair", "loss=2"], "'loss=2'"),
            (["switch", "-p", Lan, "-g", "nosuchgroup"], "no such group"),
            (["switch", "-p", Lan, "--ports", "0"], "--ports"),
            (["switch", "ls", "-p", Lan], "there is no switch here"),
            (["switch", "nonsense", "-p", Lan], "'nonsense'"),
            (["run", "--net", $"switch:{Lan},ip=10.0.0.1", "--", "true"], "'ip=10.0.0.1'"),
            (["run", "--net", $"switch:{Lan},mac=01:00:00:00:00:00", "--", "true"], "'mac="),
            (["run", "--net", "switch:/tmp/" + new string('x', 120), "--", "true"], "107 bytes"),
        })
        {
            var outcome = HostTool.Run(Command.Path, arguments, "/", s_limit);
            Assert.Equal(125, outcome.Status);
            Assert.Contains(said, outcome.Error, StringComparison.Ordinal);
            Assert.Equal(1, outcome.Error.Count(static c => c == '\n'));
        }

        Assert.Equal("mine", File.ReadAllText(file));
        Assert.DoesNotContain(_place.EnumerateFiles(), static each => each.Name.StartsWith('x'));
    }

    private static byte[] Frame(int source, int destination, int length)
    {
        var frame = new byte[length];
        frame.AsSpan(0, 6).Fill(destination == 0xff ? (byte)0xff : (byte)0);
        if (destination != 0xff)
        {
            (frame[0], frame[4], frame[5]) = (2, (byte)(destination >> 8), (byte)destination);
        }

        (frame[6], frame[10], frame[11], frame[12]) = (2, (byte)(source >> 8), (byte)source, 0x12);
        return frame;
    }
}
